"""Published sets of meshes: ShapeNet and ModelNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..json_files import fault, read_json
from .banks import MeshSet, Split
from .published import DataSet, class_names, there
from .shapenet_names import SHAPENET_NAMES
from .splits import find_instances

SHAPENET_LAYOUTS = ("models/model_normalized.obj", "model.obj")


def load_shapenet(folder: Path, split: Split) -> MeshSet:
    """One split of ShapeNetCore (Chang et al., "ShapeNet: an information-rich 3D model repository", 2015).

    The layout is SYNSET/MODEL/models/model_normalized.obj (version 2) or SYNSET/MODEL/model.obj (version 1), y up. A
    model is for testing by a stable hash of its path, see `splits.find_instances`; or as an index.csv says. Classes
    are in the order of their ids, with readable names.

    Args:
        folder: holds the folders of the synsets, or a folder ShapeNetCore.v2 or ShapeNetCore.v1 that does.
        split: "train" or "test".

    Raises:
        FileNotFoundError: naming what was looked for.
        ValueError: when none of the meshes can be used.
    """
    for place in (folder, folder / "ShapeNetCore.v2", folder / "ShapeNetCore.v1"):
        for layout in SHAPENET_LAYOUTS:
            paths = sorted(place.glob(f"[0-9]*/*/{layout}"))
            if paths:
                return _read(place, paths, split, up="y", names=SHAPENET_NAMES | _taxonomy(place))
    raise FileNotFoundError(
        f"{folder} holds no ShapeNet: looked for SYNSET/MODEL/{' and SYNSET/MODEL/'.join(SHAPENET_LAYOUTS)}, such as "
        f"02691156/10155655850468db78d106ce0a280f87/{SHAPENET_LAYOUTS[0]}; what is there: {there(folder)}"
    )


def load_modelnet(folder: Path, split: Split) -> MeshSet:
    """One split of ModelNet10 or ModelNet40 (Wu et al., "3D ShapeNets", CVPR 2015), in its own split.

    The layout is CLASS/train/*.off and CLASS/test/*.off, z up.

    Args:
        folder: holds the folders of the classes, or a folder ModelNet40 or ModelNet10 that does.
        split: "train" or "test".

    Raises:
        FileNotFoundError: naming what was looked for.
        ValueError: when none of the meshes can be used.
    """
    for place in (folder, folder / "ModelNet40", folder / "ModelNet10"):
        paths = sorted(path for part in ("train", "test") for path in place.glob(f"*/{part}/*.off"))
        if paths:
            return _read(place, paths, split, up="z", names={})
    raise FileNotFoundError(
        f"{folder} holds no ModelNet: looked for CLASS/train/*.off and CLASS/test/*.off, such as "
        f"chair/train/chair_0001.off; what is there: {there(folder)}"
    )


def _read(place: Path, paths: list[Path], split: Split, up: Literal["y", "z"], names: Mapping[str, str]) -> MeshSet:
    from .meshes import read_meshes  # here, as it imports trimesh, which takes a while

    relative = [path.relative_to(place).as_posix() for path in paths]
    found = find_instances(place, {paths[0].suffix}, split, names=relative)
    return read_meshes(place, found, class_names(found.classes, names), up)


def _taxonomy(place: Path) -> dict[str, str]:
    """Names of synsets, from ShapeNet's own list where it is there."""
    path = place / "taxonomy.json"
    if not path.is_file():
        return {}
    try:
        return {str(entry["synsetId"]): str(entry["name"]) for entry in read_json(path)}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not ShapeNet's list of synsets ({fault(error)})") from error


SHAPENET = DataSet("ShapeNet", load_shapenet, "https://shapenet.org")
MODELNET = DataSet("ModelNet", load_modelnet, "https://modelnet.cs.princeton.edu")
