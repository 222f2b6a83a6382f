"""What worlds over pictures have in common: where the pictures are kept, and how they are read from a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch

from ..devices import resolve_device
from ..picture_store import PictureStore, place_of_bank
from ..sources import PICTURE_OPTIONS, load_picture_source
from ..sources.banks import PictureSet, Split
from .world import World


class PictureWorld(World):
    """A world whose scenes are pictures.

    Args:
        pictures: the pictures.
        device: "cpu" or "cuda".
        bank_device: "cpu" to leave the pictures on the host where the device is a GPU, see `envs.picture_store`; on the
            device when left out.

    Attributes:
        pictures: (N, S, S, 3) uint8, where they are kept.
        side: S, of the pictures in pixels.
    """

    def __init__(self, pictures: PictureSet, *, device: str | torch.device = "cpu", bank_device: str | None = None):
        self.device = resolve_device(device)
        self.made_of = pictures
        self._store = PictureStore(pictures, self.device, bank_device)
        self.pictures = self._store.pictures.pictures
        self.labels = pictures.labels.to(self.device)
        self.skipped = pictures.skipped
        self.classes = pictures.classes
        self.side = self.pictures.shape[1]

    @classmethod
    def from_source(
        cls,
        source: str = "scenes",
        *,
        split: Split = "train",
        count: int | None = None,
        size: int | None = None,
        source_seed: int = 0,
        clutter: float | None = None,
        device: str | torch.device = "cpu",
        bank_device: str | None = None,
        **options: Any,
    ) -> Self:
        """A world over a source of pictures, whose options are those of `envs.sources.load_picture_source`."""
        there = place_of_bank(resolve_device(device), bank_device)
        reading = {name: options.pop(name) for name in PICTURE_OPTIONS & options.keys()}
        pictures = load_picture_source(
            source, split=split, count=count, size=size, seed=source_seed, clutter=clutter, device=there, **reading
        )
        return cls(pictures, device=device, bank_device=bank_device, **options)

    @classmethod
    def option_names(cls, options: Mapping[str, Any]) -> set[str]:
        return super().option_names(options) | PICTURE_OPTIONS
