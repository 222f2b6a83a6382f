"""Square windows out of a bank of pictures, reaching outside the pictures or not: what every retina begins with."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
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
        line = self._side * self._channels
        starts = pictures.numel() - (reach - 1) * line - self._width + 1
        if pictures.device.type != "cpu" or starts < 1:
            self._gather = self._by_pixels
            return
        self._gather = self._by_bytes
        # Every window in the bank as if there were no borders, by the place of its first byte.
        self._every = as_strided(pictures.view(-1).numpy(), (starts, reach, self._width), (1, line, 1), writeable=False)
        # For each place of a window's first pixel, from -reach to side: which pixels along it are outside.
        along = np.arange(-reach, self._side + 1)[:, None] + np.arange(reach)
        self._outside = (along < 0) | (along >= self._side)
        # What is inside of several lines at once: long runs are what NumPy is fast at.
        self._lines = math.gcd(reach, 16)
        outside = np.tile(self._outside.repeat(self._channels, axis=1), self._lines)[:, None]
        self._kept, self._laid = np.where(outside, 0, 255).astype(np.uint8), (outside * padding).astype(np.uint8)
        self._blank = np.full(self._width, padding, np.uint8).view(f"V{self._width}")[0]  # a line, copied as one thing

    def __call__(self, scenes: Tensor, corners: Tensor) -> Tensor:
        """Windows by the pixels at their upper left, anywhere.

        Args:
            scenes: (B,) int64, which pictures.
            corners: (B, 2) int64, (row, col).

        Returns:
            (B, reach, reach, C) uint8.
        """
        return self._gather(scenes, corners)

    def _by_pixels(self, scenes: Tensor, corners: Tensor) -> Tensor:
        """In plain operations on tensors, for any device."""
        corners = corners.clamp(-self.reach, self._side)  # there already there is nothing but padding
        rows, cols = (corners[..., None] + self._along).unbind(1)
        last = self._side - 1
        windows = self._pictures[scenes[:, None, None], rows.clamp(0, last)[:, :, None], cols.clamp(0, last)[:, None]]
        above_or_below, beside = ((along < 0) | (along > last) for along in (rows, cols))
        outside = above_or_below[:, :, None] | beside[:, None]
        return windows.masked_fill(outside[..., None], self.padding)

    def _by_bytes(self, scenes: Tensor, corners: Tensor) -> Tensor:
        """By copies of bytes as they lie in memory, for the CPU: much faster there.

        A window that crosses a border brings along what lies before or after it in memory, which padding then covers.
        """
        places = np.minimum(np.maximum(corners.numpy(), -self.reach), self._side)
        top, left = places.T
        wanted = ((scenes.numpy() * self._side + top) * self._side + left) * self._channels
        starts = np.minimum(np.maximum(wanted, 0), len(self._every) - 1)
        windows = self._every[starts]
        self._cover(windows, places)
        windows = windows.reshape(-1, self.reach, self.reach, self._channels)
        for row in (starts != wanted).nonzero()[0]:  # they begin before the bank, or end after it
            windows[row] = self._alone(int(scenes[row]), *places[row].tolist())
        return torch.from_numpy(windows)

    def _alone(self, scene: int, top: int, left: int) -> np.ndarray:
        """A single window, (reach, reach, C) uint8."""
        window = np.full((self.reach, self.reach, self._channels), self.padding, np.uint8)
        inside = (slice(max(place, 0), max(place + self.reach, 0)) for place in (top, left))
        part = self._pictures[scene].numpy()[*inside]
        height, width = part.shape[:2]
        window[max(-top, 0) :, max(-left, 0) :][:height, :width] = part
        return window

    def _cover(self, windows: np.ndarray, places: np.ndarray) -> None:
        """Lay padding over what is outside the pictures. (B, reach, reach * C) uint8 is changed."""
        beyond, across = np.any((places < 0) | (places > self._side - self.reach), axis=0)
        top, left = places.T + self.reach
        if across:
            lines = windows.reshape(len(windows), -1, self._lines * self._width)
            lines &= self._kept[left]
            if self.padding:
                lines |= self._laid[left]
        if beyond:
            lines = windows.view(self._blank.dtype)[..., 0]
            lines[self._outside[top]] = self._blank
