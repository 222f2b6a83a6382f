"""The retina of the released seq-JEPA code, faults included: for its checkpoints, and to see what the faults change."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..checks import check_whole
from .retina import Retina, nearest_pixels, placed


class Official(Retina):
    """Resamples `fovea` points a side from edge to edge of a square of `fovea` pixels, like the released code.

    What differs from `Crop`: the centre is transposed, so that a fixation on (row, col) shows what lies around
    (col, row), itself upright; it lies half a pixel up and left; and the points are fovea / (fovea - 1) pixels apart,
    their first and last on the edges of the square, which blurs slightly. Outside the picture it is black.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: side of the view in pixels, from 2 to 2 S.

    Raises:
        TypeError: for a fovea that is not a whole number.
        ValueError: for a fovea out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int):
        self.side = pictures.shape[1]
        check_whole("fovea", fovea, 2, 2 * self.side)
        self.view_shape = (pictures.shape[3], fovea, fovea)
        self._pictures = pictures
        self._offsets = torch.linspace(-fovea / 2, fovea / 2, fovea, device=pictures.device)

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, fovea, fovea) uint8."""
        # As grid_sample counts, -1 and 1 are the outer edges of the picture, and a pixel's index is its left edge.
        centres = 2 * fixations.clamp(-2, 3) - 1  # where all is black already
        steps = 2 * self._offsets / self.side
        x, y = (centres[:, axis, None] + steps for axis in (0, 1))  # transposed: rows are taken for x
        size = (len(x), len(steps), len(steps))
        grid = torch.stack([x[:, None].expand(size), y[:, :, None].expand(size)], dim=-1)
        pictures = self._pictures[scenes].permute(0, 3, 1, 2).float()
        views = functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return views.round().to(torch.uint8)

    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """The square around the transposed centre, to half a pixel."""
        return placed(view, nearest_pixels(fixation.flip(0), self.side) - len(self._offsets) // 2, self.side)
