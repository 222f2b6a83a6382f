"""What a source hands to a world: sets of pictures or of meshes with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Skipped:
    """A file that could not be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class PictureSet:
    """Square pictures of one size with their classes.

    Attributes:
        pictures: (N, S, S, 3) uint8 sRGB, channels last, so that a row of a glimpse is contiguous.
        labels: (N,) int64 indices into `classes`.
        classes: names of the classes.
        masks: (N, S, S) bool, true on the labelled object, or None where the source does not know it.
        skipped: files that could not be read.
    """

    pictures: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]
    masks: torch.Tensor | None = None
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh with per-face materials, as flat arrays.

    The object is z-up, the centre of its bounding box lies at the origin and the diagonal of that box is 1
    (ShapeNet's normalisation).

    Attributes:
        vertices: (V, 3) float32.
        faces: (F, 3) int32 indices into `vertices`.
        normals: (F, 3, 3) float32 unit normals, one per corner of each face.
        colours: (F, 3) float32 linear RGB in [0, 1], the base colour of each face; multiplies the texture.
        uvs: (F, 3, 2) float32 texture coordinates per corner, v upwards; zeros where a face has no texture.
        texture_ids: (F,) int32 index into `textures`, or -1.
        textures: (h, w, 3) uint8 sRGB images, first row on top.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    uvs: np.ndarray
    texture_ids: np.ndarray
    textures: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class MeshSet:
    """Meshes with their classes.

    Attributes:
        meshes: N meshes.
        labels: (N,) int64 indices into `classes`.
        classes: names of the classes.
        names: N names, unique, for messages and captions.
        skipped: files that could not be read.
    """

    meshes: tuple[Mesh, ...]
    labels: torch.Tensor
    classes: tuple[str, ...]
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
