"""Which episode every row of a vector environment is in: its seed, and how many it has had of that seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from . import draws
from .checks import check_whole

SEED_BOUND = 1 << 63
_UNSEEDED = -1


class EpisodeNumbers:
    """The seed and the number of the episode of N rows, kept on the host.

    Args:
        rows: N.
    """

    def __init__(self, rows: int):
        self._seeds = np.full(rows, _UNSEEDED)
        self._numbers = np.zeros(rows, dtype=np.int64)

    def given(self, seed: int | Sequence[int | None] | None) -> np.ndarray:
        """(N,) int64, the seeds that rows are given: seed + i to row i, or one each; -1 for none.

        Raises:
            TypeError, ValueError: for what is no such seed.
        """
        rows = len(self._seeds)
        if seed is None:
            return np.full(rows, _UNSEEDED)
        if isinstance(seed, np.ndarray) and seed.ndim == 0:
            raise TypeError(f"seed={seed!r} is an array of no dimension; give an int, or a sequence")
        if not isinstance(seed, Sequence | np.ndarray):
            check_whole("seed", seed, 0, SEED_BOUND - rows)
            return int(seed) + np.arange(rows)
        if len(seed) != rows:
            raise ValueError(f"seed={seed!r}: give one seed, or {rows} of them")
        for row, value in enumerate(seed):
            if value is not None:
                check_whole(f"seed[{row}]", value, 0, SEED_BOUND - 1)
        return np.array([_UNSEEDED if value is None else value for value in seed], dtype=np.int64)

    def restart(self, mask: np.ndarray, given: np.ndarray, random: np.random.Generator) -> None:
        """Let the rows in the mask begin anew with a given seed, or go on to the next episode of the seed they have.

        Rows that have none take one from `random`.
        """
        self._numbers[mask] += 1
        drawn = random.integers(1 << 31, size=len(mask))
        seeds = np.where((given == _UNSEEDED) & (self._seeds == _UNSEEDED), drawn, given)
        seeded = mask & (seeds != _UNSEEDED)
        self._seeds[seeded] = seeds[seeded]
        self._numbers[seeded] = 0

    def advance(self, mask: np.ndarray) -> None:
        """Let the rows in the mask go on to their next episode."""
        self._numbers[mask] += 1

    def seeds(self, mask: np.ndarray, device: torch.device) -> Tensor:
        """The episode seeds of the rows in the mask, (K,) int64 on the device."""
        seeds, numbers = (torch.from_numpy(a[mask]).to(device, non_blocking=True) for a in (self._seeds, self._numbers))
        return draws.episode_seeds(seeds, numbers)
