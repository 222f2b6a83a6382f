from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.sources import load_view_source
from saccadeworld.envs.sources.threediebench import list_3diebench, list_3diebench_ood
from scipy.spatial.transform import Rotation

OBJECTS = {"train": ["03001627/aa1", "02691156/bb2", "03001627/cc3"], "val": ["02691156/dd4", "03001627/ee5"]}
LABELS = {"03001627": 1, "02691156": 0}
VIEWS = 6
pytestmark = pytest.mark.filterwarnings("ignore:.*files skipped")


def draw_latents(numbers: np.random.Generator) -> np.ndarray:
    """As published: three angles, hue of the floor, two angles and hue of the light, float64."""
    half = np.pi / 2
    low, high = np.array([[-half] * 3 + [0] * 4, [half] * 3 + [1, np.pi / 4, 2 * np.pi, 1]])
    return numbers.uniform(low, high)


def write_view(folder: Path, k: int, colour: tuple[int, int, int], latents: Any) -> None:
    """The colour is what is stored in the file."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (256, 256), colour).save(folder / f"image_{k}.jpg", quality=95)
    np.save(folder / f"latent_{k}.npy", latents)


def level(number: int, k: int) -> int:
    """The green of the k-th view of an object, which tells the two."""
    return 40 * number + 5 * k


def write_index(place: Path, **objects: list[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for split, names in objects.items():
        np.save(place / f"{split}_images.npy", np.array([f"/{name}/" for name in names]))
        np.save(place / f"{split}_labels.npy", np.array([LABELS[name[:8]] for name in names]))


def write_3diebench(root: Path, index: Path) -> dict[str, np.ndarray]:
    """Returns the latents of each object, (VIEWS, 7)."""
    numbers, latents = np.random.default_rng(0), {}
    for objects in OBJECTS.values():
        for number, name in enumerate(objects):
            latents[name] = np.stack([draw_latents(numbers) for _ in range(VIEWS)])
            for k in range(VIEWS):
                write_view(root / name, k, (200, level(number, k), 20), latents[name][k])
    (root / "LICENSE").touch()
    write_index(index, **OBJECTS)
    return latents


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "3DIEBench"


def shown(pictures: torch.Tensor) -> list[int]:
    """The green of each picture, to the nearest five."""
    return [round(green / 5) * 5 for green in pictures[..., 1].float().mean((1, 2)).tolist()]


@pytest.mark.parametrize("where", ["inside", "beside", "elsewhere"])
def test_views_latents_and_splits(root: Path, where: str):
    index = {"inside": root, "beside": root.parent, "elsewhere": root.parent / "sie" / "data"}[where]
    latents = write_3diebench(root, index)
    options = {"index": str(index)} if where == "elsewhere" else {}
    for split, part in (("train", "train"), ("test", "val")):
        got = load_view_source(f"3diebench:{root}", split=split, size=8, **options)
        objects = OBJECTS[part]
        assert shown(got.views.pictures) == [level(j, k) for j in range(len(objects)) for k in range(VIEWS)]
        assert got.latents.dtype == torch.float32
        assert np.array_equal(got.latents.numpy(), np.concatenate([latents[n] for n in objects]).astype(np.float32))
        assert got.first.tolist() == [VIEWS * j for j in range(len(objects))]
        assert got.counts.tolist() == [VIEWS] * len(objects)
        assert got.views.labels[got.first].tolist() == [LABELS[name[:8]] for name in objects]
        assert got.views.classes == ("airplane", "chair")
    assert load_view_source(f"3diebench:{root}", split="test", size=None, **options).views.pictures.shape[1] == 128


def test_colours_are_mended_or_as_stored(root: Path):
    write_3diebench(root, root)
    mended, stored = (
        load_view_source(f"3diebench:{root}", split="test", size=4, colours=c) for c in ("mended", "stored")
    )
    assert torch.equal(mended.views.pictures.flip(-1), stored.views.pictures)
    assert np.allclose(stored.views.pictures[0, 0, 0], (200, 0, 20), atol=3)
    with pytest.raises(ValueError, match="colours='vivid' is not known; use one of 'mended', 'stored'"):
        make_world("stored-views", f"3diebench:{root}", colours="vivid")


def test_by_way_of_a_bank(root: Path):
    write_3diebench(root, root)
    source, bank = f"3diebench:{root}", str(root.parent / "banks")
    plain = make_world("stored-views", source, size=8, latents="all")
    for _ in range(2):
        banked = make_world("stored-views", source, size=8, latents="all", bank=bank)
        for name in ("views", "poses", "actions", "labels"):
            assert torch.equal(getattr(banked.rollout(4, 3), name), getattr(plain.rollout(4, 3), name))
    (path,) = (root.parent / "banks").glob("3diebench-train-8-*")
    again = make_world("stored-views", f"bank:{path}", latents="all")
    assert torch.equal(again.rollout(4, 3).views, plain.rollout(4, 3).views)
    pictures = root.parent / "pictures" / "a"
    pictures.mkdir(parents=True)
    for k in range(2):
        Image.new("RGB", (8, 8)).save(pictures / f"{k}.png")
    make_world("images", str(pictures), size=8, fovea=4, bank=str(root.parent / "others"))
    (other,) = (root.parent / "others").glob("a-train-8-*")
    with pytest.raises(ValueError, match="no stored views: they have no latents"):
        make_world("stored-views", f"bank:{other}")


def test_broken_views_are_left_out(root: Path):
    write_3diebench(root, root)
    first, second, third = (root / name for name in OBJECTS["train"])
    (first / "image_0.jpg").write_bytes(b"no picture")
    np.save(first / "latent_1.npy", np.zeros(3))
    np.save(first / "latent_2.npy", np.full(7, np.nan))
    np.save(first / "latent_3.npy", np.array([print], dtype=object), allow_pickle=True)
    (first / "latent_4.npy").unlink()
    for file in second.iterdir():
        file.unlink()
    (third / "image_0.jpg").write_bytes(b"")
    got = load_view_source(f"3diebench:{root}", split="train", size=4)
    assert shown(got.views.pictures) == [level(0, 5), *(level(2, k) for k in range(1, VIEWS))]
    assert got.counts.tolist() == [1, 5]
    assert got.views.labels[got.first].tolist() == [1, 1]
    reasons = {(Path(s.path).parent.name, Path(s.path).name): s.reason for s in got.views.skipped}
    assert "its latents are (3,)" in reasons["aa1", "image_1.jpg"]
    assert "finite numbers" in reasons["aa1", "image_2.jpg"]
    assert "is not an array of numbers" in reasons["aa1", "image_3.jpg"]
    assert reasons["02691156", "bb2"] == "holds no views image_k.jpg with latent_k.npy"


def test_bad_indices(root: Path):
    with pytest.raises(FileNotFoundError, match=r"no train_images.npy and train_labels.npy in .*3DIEBench or "):
        make_world("stored-views", f"3diebench:{root}")
    with pytest.raises(FileNotFoundError, match=r"no train_images.npy and train_labels.npy in /nowhere: put these"):
        make_world("stored-views", f"3diebench:{root}", index="/nowhere")
    write_index(root, **OBJECTS)
    with pytest.raises(FileNotFoundError, match=r"looked for 03001627/aa1/image_0.jpg .* what is there: train_images"):
        list_3diebench(root, "train")
    for names, labels, message in (
        (np.array(["/a/../b/"]), np.array([0]), "'a/../b' is not /SYNSET/OBJECT/"),
        (np.array(["/1/x/"]), np.array([0, 1]), "expected as many labels as strings"),
        (np.array([1]), np.array([0]), "expected as many labels as strings"),
        (np.array(["/1/x/"]), np.array([-1]), "a label is negative"),
        (np.array(["/1/x/", "/2/x/"]), np.array([0, 0]), "the label 0 stands for 1 and for 2"),
    ):
        np.save(root / "train_images.npy", names)
        np.save(root / "train_labels.npy", labels)
        with pytest.raises(ValueError, match=message):
            list_3diebench(root, "train")
    np.save(root / "train_images.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"train_images.npy is not an array of numbers or of text"):
        list_3diebench(root, "train")


@pytest.mark.parametrize("indexed", [True, False])
def test_ood_objects_have_as_many_views_as_there_are(tmp_path: Path, indexed: bool):
    """Some with views 0 and 1, some with 2 to 5 as well, one not rendered at all."""
    numbers, root, counts = np.random.default_rng(1), tmp_path / "OOD", {}
    for number, (name, ks) in enumerate((("02691156/dd4", (0, 1)), ("03001627/ee5", (0, 1, 2, 3, 4, 5)))):
        counts[name] = len(ks)
        for k in ks:
            latents = draw_latents(numbers)
            latents[:3] = numbers.choice([-1, 1], 3) * numbers.uniform(np.pi / 2, np.pi, 3)
            write_view(root / name, k, (200, level(number, k), 20), latents)
    if indexed:
        write_index(tmp_path, val=[*counts, "03001627/gone"])
    world = make_world("stored-views", f"3diebench-ood:{root}", split="test", size=8)
    assert world.classes == ("airplane", "chair")
    assert world.labels.tolist() == [0, 1]
    assert world.counts.tolist() == [2, 6]
    assert shown(world.pictures) == [0, 5, *(level(1, k) for k in range(6))]
    with pytest.raises(ValueError, match="only objects to test on: use split='test'"):
        make_world("stored-views", f"3diebench-ood:{root}")


def test_an_index_of_ood_objects_that_is_not_there(root: Path, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"no val_images.npy and val_labels.npy in /nowhere: name the folder"):
        list_3diebench_ood(root, "test", index="/nowhere")


def test_ood_orientations_are_ordinary_ones():
    """What the docstring says of the angles (a, b, c) and (a + 180, 180 - b, c + 180)."""
    angles = np.random.default_rng(0).uniform(-180, 180, (50, 3))
    a, b, c = angles.T
    same = Rotation.from_euler("xyz", np.stack([a + 180, 180 - b, c + 180], 1), degrees=True)
    assert (Rotation.from_euler("xyz", angles, degrees=True).inv() * same).magnitude().max() < 1e-6


@pytest.mark.parametrize("source", ["/x", "scenes", "", "stl10:/x"])
def test_other_sources_have_no_stored_views(source: str):
    with pytest.raises(ValueError, match="3diebench:PATH"):
        make_world("stored-views", source)
    with pytest.raises(ValueError, match=r"source='' has no stored views; use one of '3diebench:PATH'"):
        make_world("stored-views")
