"""The pyramid retina: concentric windows, each twice as wide as the one before and seen half as sharply."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..checks import check_whole
from .blocks import MAX_LEVELS, level_sums
from .retina import Retina, in_blocks, nearest_pixels, placed
from .windows import Windows


class Pyramid(Retina):
    """Concentric square windows of fovea, 2 fovea, 4 fovea ... pixels a side, all shown with `fovea` pixels a side.

    The view is the windows one below the other, the finest on top: a picture like any other to an encoder, whose
    convolutions then treat all scales alike. The finest is what `Crop` shows. A pixel of window l is the mean of
    2^l x 2^l pixels of the picture and the padding around it, rounded, halves up. In each, pixel
    (fovea // 2, fovea // 2) begins with the fixated one: for an even fovea the windows have one centre, for an odd one
    the centres of the coarser ones lie up to half a pixel of theirs down and right.

    A fixation between pixels goes to the nearest one.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: side of the finest window in pixels, and of each in the view, from 1 to 2 S.
        levels: how many windows, from 1 to 8, while each but the last is less than 2 S wide, so that the next has
            something new to show; 3, or as many as that allows, when left out.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        TypeError: for a fovea, levels or a padding that are not whole numbers.
        ValueError: for a fovea, levels or a padding out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int, *, levels: int | None = None, padding: int = 0):
        self.side = side = pictures.shape[1]
        check_whole("fovea", fovea, 1, 2 * side)
        most = min(MAX_LEVELS, 1 + math.ceil(math.log2(2 * side / fovea)))
        self.levels = min(3, most) if levels is None else levels
        check_whole("levels", self.levels, 1, most)
        check_whole("padding", padding, 0, 255)
        self.fovea = fovea
        self.view_shape = (pictures.shape[3], self.levels * fovea, fovea)
        self._fixated = (fovea // 2) << (self.levels - 1)
        self._windows = Windows(pictures, fovea << (self.levels - 1), padding)
        self._bytes = self._windows.reach**2 * pictures.shape[3]

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, levels * fovea, fovea) uint8."""
        return in_blocks(self._look, scenes, fixations, self._bytes)

    def _look(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        windows = self._windows(scenes, nearest_pixels(fixations, self.side) - self._fixated)
        cells = [(self.fovea // 2, self.fovea - self.fovea // 2)] * self.levels
        sums = level_sums(windows, self._fixated, cells)
        means = [((total + (4**level >> 1)) >> 2 * level).to(torch.uint8) for level, total in enumerate(sums)]
        return torch.cat(means, dim=1).permute(0, 3, 1, 2)

    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """The windows, each over the coarser ones."""
        return placed(self.display(view)[-1], nearest_pixels(fixation, self.side) - self._fixated, self.side)

    def display(self, view: Tensor) -> tuple[Tensor, ...]:
        """The view, and its windows in their places, each over the coarser ones."""
        reach = self._windows.reach
        merged = view.new_empty(len(view), reach, reach)
        for level, window in reversed(list(enumerate(view.split(self.fovea, dim=1)))):
            start = self._fixated - (self.fovea // 2 << level)
            part = slice(start, start + (self.fovea << level))
            merged[:, part, part] = window.repeat_interleave(1 << level, 1).repeat_interleave(1 << level, 2)
        return view, merged
