"""Samples at fixed places around a fixation, each as blurred as its place asks for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .blocks import level_sums


class MipSampler:
    """Samples windows through a mip pyramid, whose cells on level l are the means of 2^l x 2^l pixels.

    The pyramid belongs to the fixation and not to the picture: on every level the fixated pixel is the first one of
    cell (0, 0). A sample of width w lies between the two levels around log2 w and is mixed of them linearly; on each
    it is interpolated bilinearly between cells (Williams, "Pyramidal parametrics", SIGGRAPH 1983).

    Args:
        places: (P, 2) float64, where the samples lie, in pixels (row, col) from the centre of the fixated pixel.
        widths: (P,) float64, widths of the samples in pixels; those below 1 count as 1.
        device: where windows are sampled.

    Attributes:
        reach: pixels of a window before the fixated one, and from it on: windows are 2 reach a side.
    """

    def __init__(self, places: np.ndarray, widths: np.ndarray, device: torch.device):
        depths = np.log2(np.maximum(widths, 1))
        finer = np.floor(depths).astype(np.int64)
        levels = np.stack([finer, finer + 1])  # (2, P)
        shares = np.stack([1 - (depths - finer), depths - finer])
        cells = (places + 0.5) / 2.0 ** levels[..., None] - 0.5
        corners = np.floor(cells).astype(np.int64)
        # Cells on each side of the fixation that any sample touches on each level; where each level begins in a list.
        last = levels.max()
        extents = np.ones(last + 1, np.int64)
        np.maximum.at(extents, levels, np.maximum(-corners, corners + 2).max(-1))
        self._cells = [(extent, extent) for extent in extents.tolist()]
        self.reach = int(-(-(extents << np.arange(last + 1)).max() >> last) << last)
        starts = np.cumsum((2 * extents) ** 2) - (2 * extents) ** 2
        indices, weights = [], []
        for tap in np.ndindex(2, 2):
            rows, cols = np.moveaxis(corners + tap + extents[levels, None], -1, 0)
            indices.append(starts[levels] + rows * (2 * extents[levels]) + cols)
            weights.append((1 - np.abs(corners + tap - cells)).prod(-1) * shares / 4.0**levels)
        self._indices = torch.from_numpy(np.concatenate(indices)).to(device)  # (8, P): four cells on either level
        self._weights = torch.from_numpy(np.concatenate(weights)[..., None]).float().to(device)

    def __call__(self, windows: Tensor) -> Tensor:
        """(B, 2 reach, 2 reach, C) uint8, fixated on pixel (reach, reach) -> (B, P, C) uint8.

        Products and sums are operations of their own, each rounded once, so that a row does not depend on the batch.
        """
        count, channels = windows.shape[0], windows.shape[3]
        sums = level_sums(windows, self.reach, self._cells)
        # The batch last, so that a cell of all rows is one run of memory.
        cells = torch.cat([level.flatten(1, 2) for level in sums], dim=1).permute(1, 0, 2)
        cells = cells.reshape(len(cells), count * channels).float()
        samples = cells.new_zeros(len(self._indices[0]), count * channels)
        for indices, weights in zip(self._indices, self._weights, strict=True):
            samples += cells.index_select(0, indices).mul_(weights)
        return samples.round_().to(torch.uint8).unflatten(1, (count, channels)).permute(1, 0, 2)
