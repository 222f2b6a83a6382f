"""The built-in source of meshes: endless composite objects, made when asked for."""

from __future__ import annotations

import numpy as np
import torch

from .. import draws
from ..checks import check_name, check_whole
from .banks import Mesh, MeshSet, Split
from .blueprints import BLUEPRINTS, Dice, Part

_DRAWS = 64  # more than any blueprint reads
CLASSES = tuple(sorted(BLUEPRINTS))


def make_shapes(split: Split, count: int, seed: int = 0) -> MeshSet:
    """Sixteen classes of things (mug, plane, snail, ...) with random proportions and part colours.

    Instance i is of class i mod 16 and a pure function of (seed, split, i), whatever the count; no instance of one
    split occurs in the other. All are upright, of at most 500 faces, and without a rotational symmetry.

    Args:
        split: "train" or "test".
        count: how many.
        seed: another seed gives other instances.

    Raises:
        TypeError, ValueError: an unknown split, a count below 1, or a seed below 0.
    """
    check_name("split", split, ("train", "test"))
    check_whole("count", count, 1)
    check_whole("seed", seed, 0)
    indices = torch.arange(count)
    numbers = draws.uniform(torch.full((count,), seed), indices, f"shapes/{split}", _DRAWS).tolist()
    meshes = tuple(_assemble(BLUEPRINTS[CLASSES[i % len(CLASSES)]](Dice(row))) for i, row in enumerate(numbers))
    names = tuple(f"{CLASSES[i % len(CLASSES)]} {split} {seed}/{i}" for i in range(count))
    return MeshSet(meshes=meshes, labels=indices % len(CLASSES), classes=CLASSES, names=names)


def _assemble(parts: list[Part]) -> Mesh:
    """One mesh of all parts, centred, with a bounding box of diagonal 1."""
    vertices = np.concatenate([solid.vertices for solid, _ in parts])
    low, high = vertices.min(0), vertices.max(0)
    vertices = (vertices - (low + high) / 2) / np.linalg.norm(high - low)
    starts = np.cumsum([0] + [len(solid.vertices) for solid, _ in parts])
    counts = [len(solid.faces) for solid, _ in parts]
    faces = np.concatenate([solid.faces + start for (solid, _), start in zip(parts, starts, strict=False)])
    return Mesh(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        normals=np.concatenate([solid.normals for solid, _ in parts]).astype(np.float32),
        colours=np.repeat(np.stack([colour for _, colour in parts]), counts, axis=0).astype(np.float32),
        uvs=np.zeros((len(faces), 3, 2), np.float32),
        texture_ids=np.full(len(faces), -1, np.int32),
    )
