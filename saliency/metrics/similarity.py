"""Similarity, or histogram intersection."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import shares


def sim(maps: Tensor, densities: Tensor) -> Tensor:
    """The sum over pixels of the smaller of two maps, each of sum 1; one minus their total variation distance.

    From 0, nothing in common, to 1, the same. Maps are divided by their sum and nothing else: some programs first
    stretch them from 0 to 1, which the paper does not.

    Args:
        maps: (..., H, W) finite, non-negative, positive somewhere.
        densities: (..., H, W) of fixations.

    Returns:
        (...) float64.
    """
    first, second = shares(maps=maps, densities=densities)
    return torch.minimum(first, second).sum(-1)
