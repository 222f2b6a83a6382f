"""Sums over square blocks of pixels around a fixation: what coarse sight is made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

MAX_LEVELS = 8  # sums over 128 rows still fit into 16 bits


def level_sums(windows: Tensor, fixated: int, cells: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Sums over square cells around a fixation, 2^l pixels a side on level l; whole numbers, exact on any device.

    On every level the fixated pixel is the first one of cell (0, 0).

    Args:
        windows: (B, F, F, C) uint8, F a multiple of 2^l for the last level l.
        fixated: row and column of the fixated pixel, a multiple of 2^l too.
        cells: for each level, at most `MAX_LEVELS`, how many cells before cell 0 and from it on, in rows and columns.

    Returns:
        for each level (B, n, n, C), n = before + after, int16, or int32 for cells of more than 8 pixels.
    """
    channels = windows.shape[-1]
    rows = windows.flatten(2).to(torch.int16)
    sums = []
    for level, (before, after) in enumerate(cells):
        if level:
            rows = rows[:, ::2] + rows[:, 1::2]
        zero, origin, cell = fixated >> level, fixated * channels, channels << level
        part = rows[:, zero - before : zero + after, origin - before * cell : origin + after * cell]
        sums.append(_sums_along(part if level <= 3 else part.to(torch.int32), level, channels))
    return sums


def _sums_along(rows: Tensor, level: int, channels: int) -> Tensor:
    """Sums over 2^level pixels along rows. (B, n, m * 2^level * C) -> (B, n, m, C)."""
    # Every place begins a sum, which adds long runs of memory; the sums that begin between cells are left out.
    for doubling in range(level):
        step = channels << doubling
        rows = rows[:, :, :-step] + rows[:, :, step:]
    return rows.unfold(2, channels, channels << level)
