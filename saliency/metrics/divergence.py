"""Kullback-Leibler divergence."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import shares

_EPSILON = 2.0**-52


def kl(maps: Tensor, densities: Tensor) -> Tensor:
    """The divergence of a density of fixations Q from a map P, sum of Q log(eps + Q / (eps + P)), in nats.

    0 is a perfect map; there is no upper bound, but eps = 2**-52, as the paper's program has it, keeps a map that is
    zero at a fixation from an infinite one. Both are divided by their sums first.

    Args:
        maps: (..., H, W) finite, non-negative, positive somewhere.
        densities: (..., H, W) of fixations.

    Returns:
        (...) float64.
    """
    first, second = shares(maps=maps, densities=densities)
    return (second * torch.log(_EPSILON + second / (_EPSILON + first))).sum(-1)
