"""Sources: where scenes come from, built in or read from the user's folders."""

from __future__ import annotations

import torch

from ..checks import check_name, check_whole
from .banks import MeshSet, PictureSet, Split
from .pictures import load_pictures
from .scenes import make_scenes
from .shapes import make_shapes

BUILT_IN_COUNT = {"train": 2000, "test": 500}


def load_picture_source(
    source: str,
    *,
    split: Split,
    count: int | None,
    size: int,
    seed: int,
    clutter: float | None,
    device: str | torch.device,
) -> PictureSet:
    """The pictures of a source.

    Args:
        source: "scenes", or the path of a folder with a subfolder per class.
        split: "train" or "test"; the two share no instance.
        count: how many instances of the built-in source, which is endless; 2000 for training and 500 for testing
            when left out. A folder is always read whole.
        size: side of the pictures in pixels.
        seed: of the built-in source.
        clutter: of the built-in source, how much there is beside the object, from 0 to 1, which it is when left out.
        device: where the pictures are made.

    Raises:
        ValueError: for an unknown split, a count below 1, an option of the built-in source with a folder, or a folder
            in which nothing is usable.
        FileNotFoundError: for a folder that does not exist.
    """
    _check(source, "scenes", split, count=count, clutter=clutter)
    if source == "scenes":
        clutter = 1.0 if clutter is None else clutter
        return make_scenes(split, count or BUILT_IN_COUNT[split], size, seed, device, clutter)
    return load_pictures(source, split, size, device=device)


def load_mesh_source(source: str, *, split: Split, count: int | None, seed: int) -> MeshSet:
    """The meshes of a source: "shapes", or the path of a folder. Arguments and errors as in `load_picture_source`."""
    _check(source, "shapes", split, count=count)
    if source == "shapes":
        return make_shapes(split, count or BUILT_IN_COUNT[split], seed=seed)
    from .meshes import load_meshes  # here, as it imports trimesh, which takes a while

    return load_meshes(source, split)


def _check(source: str, built_in: str, split: str, *, count: int | None, clutter: float | None = None) -> None:
    check_name("split", split, BUILT_IN_COUNT)
    if count is not None:
        check_whole("count", count, 1)
    for name, value in (("count", count), ("clutter", clutter)):
        if value is not None and source != built_in:
            raise ValueError(f"{name}={value} is for the built-in source {built_in!r}; {source!r} is a folder")


__all__ = ["MeshSet", "PictureSet", "Split", "load_mesh_source", "load_picture_source"]
