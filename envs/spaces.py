"""Spaces of many rows, in the memory of one."""

from __future__ import annotations

import math
from copy import deepcopy

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space


def space_bytes(space: spaces.Space) -> int:
    """The memory of one value of a space of arrays and whole numbers."""
    if isinstance(space, spaces.Dict):
        return sum(space_bytes(entry) for entry in space.values())
    return math.prod(space.shape or ()) * np.dtype(space.dtype).itemsize


def batch_spaces(space: spaces.Space, rows: int) -> spaces.Space:
    """The space of a batch of rows: equal to Gymnasium's `batch_space`, whose rows here share their bounds.

    Written out for every row, the bounds of a view take several times the memory of the view itself.

    Args:
        space: of one row.
        rows: how many.
    """
    if isinstance(space, spaces.Dict):
        entries = {key: batch_spaces(entry, rows) for key, entry in space.items()}
        return spaces.Dict(entries, seed=deepcopy(space.np_random))
    batch = batch_space(space, 1)
    if not isinstance(batch, spaces.Box):
        return batch_space(space, rows)
    batch._shape = (rows, *batch.shape[1:])
    for bound in ("low", "high", "bounded_below", "bounded_above"):
        setattr(batch, bound, np.broadcast_to(getattr(batch, bound), batch.shape))
    return batch
