"""Weighted sums of grey levels in fixed point, which are exact, whatever their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

_BITS = 22  # behind the point, as in Pillow: with sums of absolute weights below 2, sums of levels fit into 32 bits


def normalised(weights: Tensor) -> Tensor:
    """Weights that sum up to 1 over the first dimension, in fixed point. (K, ...) float64 -> (K, ...) int32."""
    units = weights * (1 / reduce(torch.add, weights.unbind())) * (1 << _BITS)
    return (units + 0.5 * units.sign()).int()


def weighted_sum(terms: Sequence[Tensor], weights: Tensor) -> Tensor:
    """Grey levels from K tensors of them, int32, all but the first of which are overwritten, and as many weights.

    The weights, (K, ...), broadcast against the terms. Halves are rounded upwards.
    """
    total = terms[0] * weights[0]
    for term, weight in zip(terms[1:], weights[1:], strict=True):
        total.add_(term.mul_(weight))
    return total.add_(1 << (_BITS - 1)).bitwise_right_shift_(_BITS).clamp_(0, 255)
