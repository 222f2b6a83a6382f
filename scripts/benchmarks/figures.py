"""Measured figures, each beside the limit or the peer that gives it a meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from .timing import Times, clock_of, side_by_side

HEADER = ("what", "measured", "spread", "beside it", "measured", "ratio", "aim")


@dataclass(frozen=True)
class Plan:
    """How much is measured, and where.

    Attributes:
        runs: how many times each figure is taken; the median counts.
        seconds: how long a call is repeated in a run, at least.
        device: that of worlds and models.
    """

    runs: int
    seconds: float
    device: torch.device

    def time(
        self, calls: Mapping[str, Callable[[], object]], clock: Callable[[], float] | None = None
    ) -> dict[str, Times]:
        """What calls take side by side, see `side_by_side`, by the device's clock unless another is given."""
        return side_by_side(calls, self.runs, self.seconds, clock or clock_of(self.device))


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: what was measured.
        value: the median, in `unit`.
        unit: such as "views/s".
        spread: half the distance between the quartiles, relative to the median; NaN for a single measurement.
        beside: what it is compared with, empty if with nothing.
        limit: the median of that, in the same unit; NaN for nothing.
        ratio: of the two, the median over runs side by side; NaN for nothing.
        aim: what the ratio, or without one the value, should be.
    """

    name: str
    value: float
    unit: str
    spread: float = math.nan
    beside: str = ""
    limit: float = math.nan
    ratio: float = math.nan
    aim: str = ""

    @classmethod
    def rate(
        cls,
        name: str,
        times: Times,
        count: int,
        beside: str,
        limit: Times,
        limit_count: int | None = None,
        aim: str = "",
    ) -> Figure:
        """Views per second of a call that makes `count` of them, beside a call that makes `limit_count`."""
        others = limit_count or count
        ratio = times.ratio(limit) * count / others
        rates = count / times.middle, others / limit.middle
        return cls(name, rates[0], "views/s", times.spread, beside, rates[1], ratio, aim)

    @property
    def row(self) -> tuple[str, ...]:
        """Under `HEADER`."""
        spread = "" if math.isnan(self.spread) else f"± {100 * self.spread:.0f} %"
        limit = "" if math.isnan(self.limit) else f"{_number(self.limit)} {self.unit}"
        ratio = "" if math.isnan(self.ratio) else f"{self.ratio:.2f}"
        return self.name, f"{_number(self.value)} {self.unit}", spread, self.beside, limit, ratio, self.aim

    @property
    def numbers(self) -> dict[str, float]:
        """Those there are of "value", "spread", "limit" and "ratio"."""
        numbers = {"value": self.value, "spread": self.spread, "limit": self.limit, "ratio": self.ratio}
        return {key: number for key, number in numbers.items() if not math.isnan(number)}

    @property
    def metrics(self) -> dict[str, float]:
        """Flat names to numbers."""
        return {f"{self.name}/{key}": number for key, number in self.numbers.items()}

    @property
    def more_is_better(self) -> bool:
        """Whether it is a rate, and not a time, a size or a share."""
        return self.unit.endswith("/s")


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its header."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
