"""The face of every retina, and where a fixation lies in a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

_FAR = 2**24  # pixels; beyond it a float32 knows no odd numbers, and there is nothing to see
_BLOCK = 2**19  # bytes of windows worked on at a time, so that what is made of them stays in a processor's cache


class Retina(ABC):
    """Made from a bank of pictures and a fovea; turns picture indices and fixations into views.

    A fixation is (row, col) / side of the picture, any finite number: what lies outside the picture is padding. A view
    depends on its picture and fixation alone, bit for bit, and not on the rest of the batch.

    Attributes:
        view_shape: (C, H, W).
    """

    view_shape: tuple[int, int, int]

    @abstractmethod
    def __init__(self, pictures: Tensor, fovea: int):
        """Pictures (N, S, S, C) uint8; options are keywords of each retina's own."""

    @abstractmethod
    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, H, W) uint8."""

    @abstractmethod
    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """What a view tells of its picture, as far as it tells of it, for people to look at.

        (C, H, W) uint8, (2,) float32 fixation -> (C, S, S) uint8, and the pixels that are told, (S, S) bool.
        """

    def display(self, view: Tensor) -> tuple[Tensor, ...]:
        """Pictures of a view for people to look at: here itself. (C, H, W) uint8 -> (C, h, w) uint8 each."""
        return (view,)


def places(fixations: Tensor, side: int) -> Tensor:
    """Fixations in pixels, those far outside of any picture brought nearer to it. (B, 2) -> (B, 2) float32."""
    return (fixations * side).clamp_(-_FAR, _FAR)


def nearest_pixels(fixations: Tensor, side: int) -> Tensor:
    """The pixels that fixations lie on, halves counted downwards and to the right. (B, 2) -> (B, 2) int64."""
    return places(fixations, side).add_(0.5).floor_().long()


def fixations_of(pixels: Tensor, side: int) -> Tensor:
    """Fixations on pixels, (row, col) / side, the same to the bit on every device. (..., 2) -> (..., 2) float32."""
    # A tensor there: by a number CUDA does not divide, but multiplies by its inverse, which is off in the last bit.
    return pixels.float() / torch.full((), side, dtype=torch.float32, device=pixels.device)


def grid_fixations(cells: int, side: int, device: torch.device) -> Tensor:
    """Fixations on the centres of a grid of cells over a picture, row by row. (cells**2, 2) float32."""
    centres = fixations_of((2 * torch.arange(cells, device=device) + 1) * side // (2 * cells), side)
    return torch.cartesian_prod(centres, centres)


def placed(window: Tensor, corner: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """A window in its place in a picture, and where that is: (C, h, w), (2,) int64 -> (C, side, side), (side, side)."""
    picture = window.new_zeros(len(window), side, side)
    covered = torch.zeros(side, side, dtype=torch.bool, device=window.device)
    (top, left), (height, width) = corner.tolist(), window.shape[1:]
    rows, cols = (slice(max(0, low), max(0, low + size)) for low, size in ((top, height), (left, width)))
    part = window[:, max(0, -top) : max(0, side - top), max(0, -left) : max(0, side - left)]
    picture[:, rows, cols] = part
    covered[rows, cols] = True
    return picture, covered


def in_blocks(look: Callable[[Tensor, Tensor], Tensor], scenes: Tensor, fixations: Tensor, size: int) -> Tensor:
    """Views of a batch, on the CPU a few rows at a time: faster and in less memory than all at once.

    Args:
        look: makes views of scenes (b,) and fixations (b, 2).
        scenes: (B,) int64.
        fixations: (B, 2) float32.
        size: bytes that `look` cuts out of the bank for one row.

    Returns:
        (B, ...), what `look` returns.
    """
    rows = max(1, _BLOCK // size)
    if scenes.device.type != "cpu" or len(scenes) <= rows:
        return look(scenes, fixations)
    return torch.cat([look(*block) for block in zip(scenes.split(rows), fixations.split(rows), strict=True)])
