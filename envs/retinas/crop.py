"""The crop retina: a square window of the picture, upright, centred on the fixation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..checks import check_whole


class Crop:
    """Cuts windows of `fovea` pixels a side out of a bank of pictures.

    A fixation is (row, col) / side. Its pixel lands on pixel (fovea // 2, fovea // 2) of the window. Fixations
    beyond the first or last row or column count as on it; what lies outside the picture is `padding`.

    A fixation between pixels goes to the nearest one, and the window is a copy of the picture's bytes: the fast way.
    With `subpixel` the window is resampled at the fixation itself, bilinearly, and rounded: the exact way, which
    gives the same bytes where the fixation lies on a pixel.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: side of the window in pixels, from 1 to 2 S.
        subpixel: whether fixations between pixels are resampled.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        TypeError: for a fovea or a padding that is not a whole number.
        ValueError: for a fovea or a padding out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int, *, subpixel: bool = False, padding: int = 0):
        side = pictures.shape[1]
        check_whole("fovea", fovea, 1, 2 * side)
        check_whole("padding", padding, 0, 255)
        reach = fovea + 1 if subpixel else fovea
        before, after = fovea // 2, reach - 1 - fovea // 2
        padded = functional.pad(pictures, (0, 0, before, after, before, after), value=padding)
        count, _, _, channels = padded.shape
        image, row, col, channel = padded.stride()
        self.side = side
        self.subpixel = subpixel
        self.view_shape = (channels, fovea, fovea)
        self._windows = padded.as_strided(
            (count, side, side, reach, reach, channels), (image, row, col, row, col, channel)
        )

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, fovea, fovea) uint8."""
        places = (fixations * self.side).clamp(0, self.side - 1)
        corners = places.floor() if self.subpixel else places.round()
        gather = gather_on_host if self._windows.device.type == "cpu" else gather_on_device
        windows = gather(self._windows, scenes, *corners.long().unbind(-1))
        if self.subpixel:
            windows = interpolate(windows, places - corners)
        return windows.permute(0, 3, 1, 2)


def gather_on_host(windows: Tensor, scenes: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """Windows by NumPy, which copies along rows of memory: on the CPU much faster than torch.

    (N, S, S, H, W, C) uint8, (B,) int64 each -> (B, H, W, C) uint8.
    """
    return torch.from_numpy(windows.numpy()[scenes.numpy(), rows.numpy(), cols.numpy()])


def gather_on_device(windows: Tensor, scenes: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """The same windows by torch, on any device."""
    return windows[scenes, rows, cols]


def interpolate(windows: Tensor, fractions: Tensor) -> Tensor:
    """Windows moved down and right by fractions of a pixel. (B, H, W, C) uint8, (B, 2) -> (B, H - 1, W - 1, C) uint8.

    Products and sums are operations of their own, each rounded once, so that a row does not depend on the batch.
    """
    down, right = fractions[:, :, None, None, None].unbind(1)
    between = windows[:, :-1] * (1 - down) + windows[:, 1:] * down
    between = between[:, :, :-1] * (1 - right) + between[:, :, 1:] * right
    return between.round().to(torch.uint8)
