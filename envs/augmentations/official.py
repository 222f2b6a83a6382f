"""The actions of the released code of seq-JEPA, which are normalised over the whole sequence."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

_LEAST = 1e-12


def normalise_over_sequence(values: Tensor) -> tuple[Tensor, Tensor]:
    """Every number divided by the root of its sum of squares over the views of its sequence.

    So every action depends on all views, future ones too, and the longer the sequence, the smaller the actions.

    Args:
        values: (B, L, n) float32, as `parameters.physical` gives them.

    Returns:
        The normalised values, (B, L, n), and actions, the differences of consecutive ones, (B, L - 1, n).
    """
    squares = reduce(torch.add, values.square().unbind(1))
    normalised = values / squares.sqrt().clamp_min(_LEAST)[:, None]
    return normalised, normalised[:, 1:] - normalised[:, :-1]
