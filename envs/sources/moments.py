"""Mean and standard deviation of the colours of many pictures, exactly, from counts of their levels."""

from __future__ import annotations

import torch
from torch import Tensor

Channels = tuple[float, float, float]
"""A number for each of red, green and blue."""

_CHUNK = 64  # pictures


def count_levels(pictures: Tensor) -> Tensor:
    """How often each level occurs in each channel. (N, H, W, 3) uint8 -> (3, 256) int64."""
    counts = torch.zeros(3, 256, dtype=torch.int64, device=pictures.device)
    for chunk in pictures.split(_CHUNK):
        counts += torch.stack([torch.bincount(chunk[..., c].flatten(), minlength=256) for c in range(3)])
    return counts


def moments(counts: Tensor) -> tuple[Channels, Channels]:
    """Mean and standard deviation per channel, of levels from 0 to 1. (3, 256) int64 of `count_levels`."""
    shares = counts.double() / counts.sum(1, keepdim=True)
    levels = torch.arange(256, dtype=torch.float64, device=counts.device) / 255
    mean = (shares * levels).sum(1)
    deviation = (shares * (levels - mean[:, None]).square()).sum(1).sqrt()
    (r, g, b), (sr, sg, sb) = mean.tolist(), deviation.tolist()
    return (r, g, b), (sr, sg, sb)
