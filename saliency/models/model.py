"""What every saliency model is: pictures in, a density over the pixels of each out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

SMALLEST_SIDE = 8


class SaliencyModel(ABC):
    """Maps of where it is worth looking: how probable a fixation is at each pixel of a picture.

    A model implements `_score`. It keeps no state of the pictures, so that a map does not depend on the pictures that
    are given with it.
    """

    chunk_pixels = 2**18
    """How many pixels `_score` is given at a time, unless a single picture has more."""

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """The saliency maps of pictures.

        Args:
            pictures: (N, H, W, 3) uint8, RGB, H and W at least 8.

        Returns:
            (N, H, W) float32 on the device of the pictures, non-negative, each map with sum 1.

        Raises:
            TypeError: for pictures that are not uint8.
            ValueError: for another shape.
        """
        check_pictures(pictures)
        if len(pictures) == 0:
            return torch.empty(pictures.shape[:3], device=pictures.device)
        size = max(1, self.chunk_pixels // (pictures.shape[1] * pictures.shape[2]))
        return torch.cat([normalise(self._score(chunk)) for chunk in pictures.split(size)])

    @abstractmethod
    def _score(self, pictures: Tensor) -> Tensor:
        """How salient the pixels are, relative to each other. (N, H, W, 3) uint8 -> (N, H, W) float32, >= 0."""


def check_pictures(pictures: Tensor) -> None:
    """Refuse what is not a batch of pictures; see `SaliencyModel.__call__`."""
    if not isinstance(pictures, Tensor) or pictures.dtype != torch.uint8:
        given = pictures.dtype if isinstance(pictures, Tensor) else type(pictures).__name__
        raise TypeError(f"pictures of {given}: saliency models take torch tensors, uint8, 0 to 255")
    shape = tuple(pictures.shape)
    if len(shape) != 4 or shape[3] != 3 or min(shape[1:3]) < SMALLEST_SIDE:
        raise ValueError(
            f"pictures of shape {shape}: saliency models take (N, H, W, 3), H and W at least {SMALLEST_SIDE}"
        )


def normalise(maps: Tensor) -> Tensor:
    """Maps scaled to sum 1; one without anything in it becomes uniform. (N, H, W), >= 0 -> (N, H, W) float32."""
    totals = maps.sum(dim=(1, 2), keepdim=True, dtype=torch.float64)
    return torch.where(totals > 0, maps / totals, 1 / (maps.shape[1] * maps.shape[2])).float()


def planes(pictures: Tensor) -> Tensor:
    """Pictures as planes of red, green and blue. (N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 255
