"""Solarisation."""

from __future__ import annotations

import torch
from torch import Tensor


def solarise(levels: Tensor, chosen: Tensor) -> Tensor:
    """Levels from 128 upwards inverted in the rows that are chosen. (B, 3, H, W), (B,) bool -> (B, 3, H, W).

    Of a level and its inverse, that is, the lower.
    """
    highest = torch.where(chosen, 255.0, 2 * 255.0)[:, None, None, None]
    return torch.minimum(levels, highest - levels)
