import json
from pathlib import Path

import numpy as np
import pytest
from saccadeworld import make_world
from saccadeworld.envs.sources import load_mesh_source

# A wedge that is 3 long, 2 deep and 1 high, whose high edge lies at the front. In ShapeNet y is up and -z the front;
# in ModelNet z is up.
CORNERS = np.array([(0, 0, 0), (3, 0, 0), (3, 2, 0), (0, 2, 0), (0, 0, 1), (3, 0, 1)], dtype=float)
FACES = [(0, 2, 1), (0, 3, 2), (0, 1, 5), (0, 5, 4), (4, 5, 2), (4, 2, 3), (0, 4, 3), (1, 2, 5)]


def write_obj(path: Path) -> None:
    """With the material and the texture where ShapeNet has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y_up = CORNERS[:, [0, 2, 1]] * (1, 1, -1)
    lines = ["mtllib model_normalized.mtl", *(f"v {x} {y} {z}" for x, y, z in y_up), "usemtl paint"]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in FACES]
    path.write_text("\n".join(lines))
    path.with_name("model_normalized.mtl").write_text("newmtl paint\nKd 1 0 0\n")


def write_off(path: Path, glued: bool = False) -> None:
    """Some of ModelNet40's files lack the line break behind the first word."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"OFF{'' if glued else chr(10)}{len(CORNERS)} {len(FACES)} 0"]
    lines += [" ".join(map(str, corner)) for corner in CORNERS]
    path.write_text("\n".join(lines + [f"3 {a} {b} {c}" for a, b, c in FACES]) + "\n")


def load(source: str, split="train"):
    return load_mesh_source(source, split=split, count=None, seed=0)


def upright(mesh) -> bool:
    """Whether the wedge stands on its base: of the six corners four lie at the bottom, and x is its length."""
    height = mesh.vertices[:, 2]
    extent = np.ptp(mesh.vertices, axis=0)
    return (height == height.min()).sum() == 4 and np.allclose(extent / extent.max(), (1, 2 / 3, 1 / 3), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*no instance")
@pytest.mark.parametrize("layout", ["models/model_normalized.obj", "model.obj"])
@pytest.mark.parametrize("inner", ["", "ShapeNetCore.v2"])
def test_shapenet(tmp_path: Path, layout: str, inner: str):
    root = tmp_path / inner
    for synset in ("03001627", "02691156"):
        for k in range(6):
            write_obj(root / synset / f"{k}a{k}" / layout)
            (root / synset / f"{k}a{k}" / "screenshots").mkdir()
    train, test = load(f"shapenet:{tmp_path}"), load(f"shapenet:{tmp_path}", "test")
    assert train.classes == test.classes == ("airplane", "chair")
    assert len(train.meshes) + len(test.meshes) == 12
    assert set(train.names).isdisjoint(test.names)
    assert [name[:8] == "03001627" for name in train.names] == train.labels.bool().tolist()
    assert all(upright(mesh) for mesh in (*train.meshes, *test.meshes))
    assert np.allclose(train.meshes[0].colours, (1, 0, 0))
    assert train.skipped == ()


def test_shapenet_names_its_own_classes(tmp_path: Path):
    for k in range(3):
        write_obj(tmp_path / "02691156" / str(k) / "model.obj")
    (tmp_path / "taxonomy.json").write_text(json.dumps([{"synsetId": "02691156", "name": "plane,aeroplane"}]))
    assert load(f"shapenet:{tmp_path}").classes == ("plane",)
    (tmp_path / "taxonomy.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"taxonomy.json is not ShapeNet's list of synsets"):
        load(f"shapenet:{tmp_path}")


@pytest.mark.parametrize("inner", ["", "ModelNet40"])
def test_modelnet(tmp_path: Path, inner: str):
    root = tmp_path / inner
    for name in ("sofa", "bathtub"):
        write_off(root / name / "train" / f"{name}_0001.off")
        write_off(root / name / "train" / f"{name}_0002.off", glued=True)
        write_off(root / name / "test" / f"{name}_0003.off")
    (root / "README.txt").write_text("Princeton ModelNet")
    train, test = load(f"modelnet:{tmp_path}"), load(f"modelnet:{tmp_path}", "test")
    assert train.classes == test.classes == ("bathtub", "sofa")
    assert train.names == tuple(f"{c}/train/{c}_000{k}.off" for c in ("bathtub", "sofa") for k in (1, 2))
    assert test.names == ("bathtub/test/bathtub_0003.off", "sofa/test/sofa_0003.off")
    assert all(upright(mesh) for mesh in (*train.meshes, *test.meshes))


def test_missing_files(tmp_path: Path):
    for name, layout in (("shapenet", "SYNSET/MODEL/models/model_normalized.obj"), ("modelnet", "CLASS/train/")):
        with pytest.raises(FileNotFoundError, match=rf"looked for {layout}.*what is there: \(nothing\); .* from https"):
            load(f"{name}:{tmp_path}")
        with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere: check the path"):
            load(f"{name}:{tmp_path / 'nowhere'}")


def test_in_the_world(tmp_path: Path):
    for part in ("train", "test"):
        write_off(tmp_path / "wedge" / part / "1.off")
    world = make_world("objects", f"modelnet:{tmp_path}", split="test", size=16)
    assert world.rollout(2, 2).views.shape == (2, 2, 3, 16, 16)
