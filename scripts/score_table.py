"""Scores over pictures, as a table and as flat numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .scores import as_numbers, with_spread


@dataclass(frozen=True)
class ScoreTable:
    """Scores of several on the same pictures.

    Attributes:
        who: heading of the first column.
        metrics: headings of the others, by the names of metrics.
        scores: by name of who was scored, for each picture the metrics there are.
        note: what is in the table.
    """

    who: str
    metrics: Mapping[str, str]
    scores: Mapping[str, Sequence[Mapping[str, float]]]
    note: str

    @property
    def head_and_body(self) -> tuple[list[str], list[list[str]]]:
        """The headings, and a row for each, see `with_spread`; empty where there is none."""
        body = []
        for name in self.scores:
            values = [self._over_pictures(name, metric) for metric in self.metrics]
            body.append([name, *(with_spread(some) if some else "" for some in values)])
        return [self.who, *self.metrics.values()], body

    @property
    def rows(self) -> list[list[str]]:
        """The table with its headings as the first row."""
        head, body = self.head_and_body
        return [head, *body]

    @property
    def flat(self) -> dict[str, float]:
        """ "NAME/METRIC" is the mean over the pictures and, of several, "NAME/METRIC/spread" their deviation."""
        pairs = ((name, metric) for name in self.scores for metric in self.metrics)
        values = {f"{name}/{metric}": self._over_pictures(name, metric) for name, metric in pairs}
        return as_numbers({key: some for key, some in values.items() if some})

    def _over_pictures(self, name: str, metric: str) -> list[float]:
        return [scores[metric] for scores in self.scores[name] if metric in scores]
