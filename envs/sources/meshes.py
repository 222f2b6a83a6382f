"""Meshes from a folder with a subfolder per class."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from .banks import MeshSet, Skipped, Split
from .mesh_files import UP_AXES, Up, read_mesh
from .splits import Instances, find_instances, warn_of_skipped


def load_meshes(folder: str | Path, split: Split, *, up: Up | None = None, test_fraction: float = 0.2) -> MeshSet:
    """Load one split of a folder of meshes; see `splits.find_instances` for its layout.

    OBJ (with MTL and textures), GLB, GLTF, OFF, STL and PLY files are read as `mesh_files.read_mesh` says. The textures
    and materials of a mesh may lie anywhere in the folder, but not outside.

    Args:
        folder: the folder.
        split: "train" or "test".
        up: the up axis of all files, "y" or "z"; by default y for OBJ and glTF, z for OFF, STL and PLY.
        test_fraction: the share for testing where the folder does not say it.

    Returns:
        The meshes in the order of their names, which are their paths within the folder. A file that is empty, broken
        or holds no usable surface is left out, listed in `skipped` and warned of; so are missing materials and
        textures, without which their meshes are kept. Classes stay listed even where all their meshes were skipped.

    Raises:
        FileNotFoundError, NotADirectoryError: see `find_instances`.
        ValueError: nothing usable in the folder or the split, or an argument out of range.
    """
    if up not in (None, "y", "z"):
        raise ValueError(f"up={up!r} is not known; use 'y', 'z', or None to go by the type of file")
    found = find_instances(folder, UP_AXES.keys(), split, test_fraction)
    return read_meshes(folder, found, found.classes, up)


def read_meshes(folder: str | Path, found: Instances, classes: tuple[str, ...], up: Up | None) -> MeshSet:
    """Read the instances found in a folder; see `load_meshes`, also for what it raises.

    Args:
        folder: the folder.
        found: which files.
        classes: names for `found.classes`.
        up: the up axis of all files, or None to go by their types.
    """
    logging.getLogger("trimesh").setLevel(logging.ERROR)  # it remarks on files that are read or skipped all the same
    good, meshes, bad, missing = [], [], [], []
    for item in found.items:
        try:
            mesh, absent = read_mesh(item.path, folder, up)
        except Exception as error:  # parsers fail on bad files in too many ways to name
            bad.append(Skipped(str(item.path), str(error) or type(error).__name__))
            continue
        good.append(item)
        meshes.append(mesh)
        missing += [Skipped(name, f"not in the folder; {item.name} is used without it") for name in absent]
    if not good:
        raise ValueError(
            f"none of the {len(bad)} meshes of {folder} can be used, the first because: {bad[0].reason} "
            f"({bad[0].path}); expected {', '.join(UP_AXES)} with faces"
        )
    skipped = (*bad, *missing, *found.skipped)
    warn_of_skipped(folder, skipped)
    labels = torch.tensor([item.label for item in good])
    return MeshSet(tuple(meshes), labels, classes, tuple(item.name for item in good), skipped)
