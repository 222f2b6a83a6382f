"""What a source hands to a world: sets of pictures or of meshes with their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from .content_hash import ContentHash, PictureHash
from .moments import Channels, count_levels, moments

Split = Literal["train", "test"]
_HASHED_AT_ONCE = 1024  # pictures, so that those of a GPU come to the host in parts


@dataclass(frozen=True)
class Skipped:
    """A file that could not be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class PictureSet:
    """Square pictures of one size with their classes.

    Attributes:
        pictures: (N, S, S, 3) uint8 sRGB, channels last, so that a row of a glimpse is contiguous. Never written to:
            they may be a file mapped into memory.
        labels: (N,) int64 indices into `classes`, or -1 throughout where the source does not know them.
        classes: names of the classes; none where the labels are -1.
        masks: (N, S, S) bool, true on the labelled object, or None where the source does not know it.
        skipped: files that could not be read.
        extras: more about each picture, (N, ...) by name.
        place: where they came from; empty for pictures that were made.
        names: of the pictures at that place, such as paths of files; none for pictures that were made.
    """

    pictures: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]
    masks: torch.Tensor | None = None
    skipped: tuple[Skipped, ...] = ()
    extras: Mapping[str, torch.Tensor] = field(default_factory=dict)
    place: str = ""
    names: Sequence[str] = ()

    def to(self, device: str | torch.device) -> PictureSet:
        """The same pictures on a device: this very set, if it is there already."""
        pictures = self.pictures.to(device)
        if pictures is self.pictures:
            return self
        masks = None if self.masks is None else self.masks.to(device)
        extras = {name: extra.to(device) for name, extra in self.extras.items()}
        labels = self.labels.to(device)
        return PictureSet(pictures, labels, self.classes, masks, self.skipped, extras, self.place, self.names)

    def check(self, indices: Tensor) -> None:
        """Refuse pictures that were damaged where they are kept, (K,) int64 indices, before they are looked at.

        Raises:
            ValueError: naming the first.
        """

    def take(self, indices: Tensor) -> Tensor:
        """Copies of some of the pictures, checked. (K,) int64 on their device -> (K, S, S, 3) uint8."""
        self.check(indices)
        return self.pictures.index_select(0, indices)

    @property
    def mean(self) -> Channels:
        """Of each channel over all pictures, in [0, 1]."""
        return self.moments[0]

    @property
    def std(self) -> Channels:
        """The standard deviation of each channel over all pixels, in units of the full range."""
        return self.moments[1]

    @cached_property
    def moments(self) -> tuple[Channels, Channels]:
        """`mean` and `std`, which take a pass over all pictures when first asked for."""
        return moments(count_levels(self.pictures))

    @cached_property
    def content_hash(self) -> str:
        """Of pictures, labels, classes and extras: the same for the same content, whatever file or bank it was in."""
        content = PictureHash()
        for chunk in self.pictures.split(_HASHED_AT_ONCE):
            content.add(chunk.cpu().numpy())
        extras = {name: extra.cpu().numpy() for name, extra in self.extras.items()}
        return content.text(self.pictures.shape[1], self.labels.cpu().numpy(), self.classes, extras)


@dataclass(frozen=True)
class ViewSet:
    """Objects with a few stored views each, all of one size.

    Attributes:
        views: V views, those of an object next to each other, with their classes.
        latents: (V, 7) float32: extrinsic xyz Euler angles of the object in radians; hue of the floor in [0, 1]; polar
            angle and azimuth of the light in radians; hue of the light in [0, 1].
        first: (N,) int64, the first view of each object.
        counts: (N,) int64, how many views it has, at least 1.
    """

    views: PictureSet
    latents: torch.Tensor
    first: torch.Tensor
    counts: torch.Tensor

    def __reduce__(self) -> tuple[Any, ...]:
        return ViewSet.of, (self.views,)

    @property
    def content_hash(self) -> str:
        """That of the views, of which the latents are part."""
        return self.views.content_hash

    @classmethod
    def of(cls, views: PictureSet) -> ViewSet:
        """The objects of pictures with the extras "latents" and "objects", the latter in ascending order.

        Raises:
            ValueError: for pictures without them.
        """
        if not {"latents", "objects"} <= views.extras.keys():
            raise ValueError("these pictures are no stored views: they have no latents")
        counts = views.extras["objects"].unique_consecutive(return_counts=True)[1]
        return cls(views, views.extras["latents"], counts.cumsum(0) - counts, counts)


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

    @cached_property
    def content_hash(self) -> str:
        """Of all arrays of the meshes, labels and classes."""
        content = ContentHash()
        for mesh in self.meshes:
            for part in fields(Mesh):
                value = getattr(mesh, part.name)
                for array in value if isinstance(value, tuple) else (value,):
                    content.add(array)
        content.add(self.labels.cpu().numpy())
        content.add_texts(self.classes)
        return content.text
