"""Square windows out of a bank of pictures, reaching outside the pictures or not: what every retina begins with."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Windows:
    """Cuts windows of `reach` pixels a side out of a bank of pictures, which is neither copied nor changed.

    The bank may lie in a read-only file that is larger than memory: only what the windows show is read.

    Args:
        pictures: (N, S, S, C) uint8.
        reach: side of the windows in pixels.
        padding: grey level outside the pictures, 0 to 255.
    """

    def __init__(self, pictures: Tensor, reach: int, padding: int):
        self.reach = reach
        self.padding = padding
        self._pictures = pictures = pictures.contiguous()
        self._side, self._channels = pictures.shape[1], pictures.shape[3]
        self._width = reach * self._channels
        self._along = torch.arange(reach, device=pictures.device)
        if pictures.device.type != "cpu" or pictures.numel() < self._width:
            self._gather = self._by_pixels
            return
        self._gather = self._by_rows
        # Every run of bytes in the bank that is as long as a row of a window, wherever it begins.
        runs = pictures.numel() - self._width + 1
        self._runs = pictures.view(-1).as_strided((runs, self._width), (1, 1))
        # For each place of a window's first pixel, from -reach to side: which pixels along it are outside.
        along = np.arange(-reach, self._side + 1)[:, None] + np.arange(reach)
        self._outside = (along < 0) | (along >= self._side)
        outside = self._outside.repeat(self._channels, axis=1)
        self._kept, self._laid = np.where(outside, 0, 255).astype(np.uint8), (outside * padding).astype(np.uint8)

    def __call__(self, scenes: Tensor, corners: Tensor) -> Tensor:
        """Windows by the pixels at their upper left, anywhere.

        Args:
            scenes: (B,) int64, which pictures.
            corners: (B, 2) int64, (row, col).

        Returns:
            (B, reach, reach, C) uint8.
        """
        rows, cols = corners.clamp(-self.reach, self._side).unbind(-1)  # there already there is nothing but padding
        return self._gather(scenes, rows, cols)

    def _by_pixels(self, scenes: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
        """In plain operations on tensors, for any device."""
        rows, cols = rows[:, None] + self._along, cols[:, None] + self._along
        last = self._side - 1
        windows = self._pictures[scenes[:, None, None], rows.clamp(0, last)[:, :, None], cols.clamp(0, last)[:, None]]
        above_or_below, beside = ((along < 0) | (along > last) for along in (rows, cols))
        outside = above_or_below[:, :, None] | beside[:, None]
        return windows.masked_fill(outside[..., None], self.padding)

    def _by_rows(self, scenes: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
        """By copies of whole rows of windows, for the CPU: much faster there.

        A row that crosses the border brings along what lies before or after it in memory, which padding then covers.
        """
        top, left = rows.numpy(), cols.numpy()
        wanted = top[:, None] + self._along.numpy()
        _clip(wanted, 0, self._side - 1, out=wanted)
        wanted += scenes.numpy()[:, None] * self._side
        wanted *= self._side * self._channels
        wanted += left[:, None] * self._channels
        starts = _clip(wanted, 0, len(self._runs) - 1)
        copied = torch.index_select(self._runs, 0, torch.from_numpy(starts.reshape(-1))).numpy()
        self._shift_at_the_ends(copied, np.subtract(starts, wanted, out=wanted).reshape(-1))
        windows = copied.reshape(len(top), self.reach, self._width)
        self._cover(windows, top, left)
        return torch.from_numpy(windows.reshape(len(top), self.reach, self.reach, self._channels))

    def _shift_at_the_ends(self, copied: np.ndarray, shifts: np.ndarray) -> None:
        """Move rows that should begin before the bank, or end after it, to where they belong."""
        moved = shifts.nonzero()[0]
        if moved.size:
            order = (np.arange(self._width) - shifts[moved, None]) % self._width
            copied[moved] = np.take_along_axis(copied[moved], order, axis=1)

    def _cover(self, windows: np.ndarray, top: np.ndarray, left: np.ndarray) -> None:
        """Lay padding over what is outside the pictures. (B, reach, reach * C) uint8 is changed."""
        last = self._side - self.reach
        across = ((left < 0) | (left > last)).nonzero()[0]
        if across.size:
            part, place = windows[across], left[across, None] + self.reach
            part &= self._kept[place]
            if self.padding:
                part |= self._laid[place]
            windows[across] = part
        beyond = ((top < 0) | (top > last)).nonzero()[0]
        if beyond.size:
            which, lines = self._outside[top[beyond] + self.reach].nonzero()
            windows[beyond[which], lines] = self.padding


def _clip(values: np.ndarray, low: int, high: int, out: np.ndarray | None = None) -> np.ndarray:
    """`np.clip` without its overhead, which a single view would notice."""
    out = np.maximum(values, low, out=out)
    return np.minimum(out, high, out=out)
