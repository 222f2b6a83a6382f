"""The crop retina: a square window of the picture, upright, centred on the fixated pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def fixated_pixels(fixations: Tensor, side: int) -> Tensor:
    """The pixel (row, col) nearest to each fixation. (..., 2) float32 in units of the side -> (..., 2) int64."""
    return (fixations * side).round().long().clamp(0, side - 1)


class Crop:
    """Cuts uint8 windows of `fovea` pixels a side out of a bank of pictures, exactly as stored.

    A fixation is (row, col) / side. It goes to its nearest pixel, which lands on pixel (fovea // 2, fovea // 2) of
    the window. What lies outside the picture has the value `padding`. On the CPU the windows are gathered by NumPy,
    whose copies run along rows of memory, on CUDA by torch; both give the same bytes.

    Args:
        pictures: (N, S, S, 3) uint8.
        fovea: side of the window in pixels, from 1 to 2 S.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        ValueError: for a fovea or a padding out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int, padding: int = 0):
        side = pictures.shape[1]
        if not 1 <= fovea <= 2 * side:
            raise ValueError(f"fovea={fovea} pixels does not suit pictures of side {side}; use 1 to {2 * side}")
        if not 0 <= padding <= 255:
            raise ValueError(f"padding={padding} is not a grey level; use 0 to 255")
        before, after = fovea // 2, fovea - 1 - fovea // 2
        padded = functional.pad(pictures, (0, 0, before, after, before, after), value=padding)
        count, _, _, channels = padded.shape
        image, row, col, channel = padded.stride()
        self.side = side
        self.view_shape = (channels, fovea, fovea)
        self._windows = padded.as_strided(
            (count, side, side, fovea, fovea, channels), (image, row, col, row, col, channel)
        )

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, 3, fovea, fovea) uint8."""
        rows, cols = fixated_pixels(fixations, self.side).unbind(-1)
        if self._windows.device.type == "cpu":
            gathered = torch.from_numpy(self._windows.numpy()[scenes.numpy(), rows.numpy(), cols.numpy()])
        else:
            gathered = self._windows[scenes, rows, cols]
        return gathered.permute(0, 3, 1, 2)
