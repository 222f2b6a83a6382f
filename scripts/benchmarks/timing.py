"""Times of calls, taken side by side: the machines that benchmarks run on are shared and noisy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True)
class Times:
    """Seconds that a call took, one number per run.

    Attributes:
        seconds: of one call, the mean over the calls of a run.
    """

    seconds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median over the runs, in seconds."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median."""
        ordered = sorted(self.seconds)
        low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
        return (high - low) / 2 / self.middle

    def ratio(self, other: Times) -> float:
        """How many times as long the other's call took: the median over the runs, each beside its own."""
        return median(theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True))


def clock_of(device: torch.device) -> Callable[[], float]:
    """Tells the time in seconds; of a GPU, when it has done all that it was given."""
    if device.type == "cpu":
        return time.perf_counter

    def wait_and_tell() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return wait_and_tell


def side_by_side(
    calls: Mapping[str, Callable[[], object]], runs: int, seconds: float, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Times]:
    """Time several calls, one after the other in every run, so that what disturbs the machine disturbs them alike.

    Args:
        calls: by name; each is called twice beforehand.
        runs: how many times.
        seconds: how long each call is repeated in a run, at least.
        clock: tells the time in seconds.
    """
    counts = {}
    for name, call in calls.items():
        call()
        counts[name] = max(1, math.ceil(seconds / max(_time(call, 1, clock), 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            taken[name].append(_time(call, counts[name], clock))
    return {name: Times(tuple(values)) for name, values in taken.items()}


def _time(call: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(count):
        call()
    return (clock() - start) / count
