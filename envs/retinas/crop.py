"""The crop retina: a square window of the picture, upright, centred on the fixation."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import check_flag, check_whole
from .retina import Retina, nearest_pixels, placed, places
from .windows import Windows


class Crop(Retina):
    """Cuts windows of `fovea` pixels a side out of a bank of pictures.

    The fixated pixel lands on pixel (fovea // 2, fovea // 2) of the window. What lies outside the picture is `padding`.

    A fixation between pixels goes to the nearest one, and the window is a copy of the picture's bytes: the fast way.
    With `subpixel` the window is resampled at the fixation itself, bilinearly, and rounded: the exact way, which
    gives the same bytes where the fixation lies on a pixel.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: side of the window in pixels, from 1 to 2 S.
        subpixel: whether fixations between pixels are resampled.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        TypeError: for a fovea or a padding that is not a whole number, or a `subpixel` that is neither True nor False.
        ValueError: for a fovea or a padding out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int, *, subpixel: bool = False, padding: int = 0):
        self.side = pictures.shape[1]
        check_whole("fovea", fovea, 1, 2 * self.side)
        check_whole("padding", padding, 0, 255)
        check_flag("subpixel", subpixel)
        self.fovea = fovea
        self.subpixel = subpixel
        self.view_shape = (pictures.shape[3], fovea, fovea)
        self._windows = Windows(pictures, fovea + 1 if subpixel else fovea, padding)

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, fovea, fovea) uint8."""
        if not self.subpixel:
            windows = self._windows(scenes, nearest_pixels(fixations, self.side) - self.fovea // 2)
            return windows.permute(0, 3, 1, 2)
        exact = places(fixations, self.side)
        pixels = exact.floor()
        windows = self._windows(scenes, pixels.long() - self.fovea // 2)
        return interpolate(windows, exact - pixels).permute(0, 3, 1, 2)

    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """The window, at the nearest pixel."""
        return placed(view, nearest_pixels(fixation, self.side) - self.fovea // 2, self.side)


def interpolate(windows: Tensor, fractions: Tensor) -> Tensor:
    """Windows moved down and right by fractions of a pixel. (B, H, W, C) uint8, (B, 2) -> (B, H - 1, W - 1, C) uint8.

    Products and sums are operations of their own, each rounded once, so that a row does not depend on the batch.
    """
    down, right = fractions[:, :, None, None, None].unbind(1)
    between = windows[:, :-1] * (1 - down) + windows[:, 1:] * down
    between = between[:, :, :-1] * (1 - right) + between[:, :, 1:] * right
    return between.round().to(torch.uint8)
