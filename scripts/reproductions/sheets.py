"""What came out, beside the paper's numbers, ready to be shown: as Markdown, as JSON, and as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from ..figures import curves
from ..scores import summary, with_spread
from .paper import Published, PublishedPart, published
from .parts import Cell, Part
from .runs import Runs

MISSING, DIVERGED = "-", "diverged"


@dataclass(frozen=True)
class Sheet:
    """A table with all that belongs to it.

    Attributes:
        title: of it.
        header: headings of the columns.
        body: the rows.
        notes: sentences under it.
        metrics: its numbers by flat names.
        content: its numbers as JSON can hold them.
        figures: of the same numbers.
    """

    title: str
    header: Sequence[str]
    body: Sequence[Sequence[str]]
    notes: Sequence[str]
    metrics: Mapping[str, float]
    content: Mapping[str, Any]
    figures: Sequence[Figure] = field(default_factory=tuple)

    def markdown(self) -> str:
        """A heading, the table, and the notes."""
        lines = [self.header, ["---"] * len(self.header), *self.body]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{table}\n\n" + "".join(f"{note}\n\n" for note in self.notes)


@dataclass(frozen=True)
class Outcome:
    """What came out in one cell: a value per seed, fewer where some are missing or diverged."""

    values: tuple[float, ...]
    diverged: bool
    paper: Published | None

    def text(self) -> str:
        """The mean over the seeds with its spread, and the paper's number in brackets."""
        own = with_spread(self.values, digits=2) if self.values else MISSING
        own = f"{own} ({DIVERGED})" if self.diverged else own
        return own if self.paper is None else f"{own} [{_number(self.paper)}]"

    def as_json(self) -> dict[str, Any]:
        """Values, mean and, of several, deviation, and the paper's; null where there is none."""
        mean, spread = summary(self.values) if self.values else (None, None)
        if len(self.values) == 1:
            spread = None
        paper = None if self.paper is None else {"mean": self.paper.mean, "spread": self.paper.spread}
        return {"mean": mean, "spread": spread, "values": self.values, "diverged": self.diverged, "paper": paper}


def part_sheet(part: Part, runs: Runs, seeds: Sequence[int]) -> Sheet:
    """What is there of a part of the paper."""
    paper = published(part.name)
    outcomes = {key: outcome(cell, runs, seeds, paper.get(*key)) for key, cell in part.cells.items()}
    levels = {title: outcome(cell, runs, seeds) for title, cell in part.levels.items()}
    notes = [f"{title}: {own.text()}." for title, own in levels.items()]
    complete = all(own.values for own in outcomes.values())
    return Sheet(
        title=part.title,
        header=["", *part.columns.values()],
        body=[
            [title, *(outcomes[row, column].text() if (row, column) in outcomes else "" for column in part.columns)]
            for row, title in part.rows.items()
        ],
        notes=notes + ([paper.provenance] if paper.provenance else []),
        metrics=_metrics(part, outcomes),
        content={
            "name": part.name,
            "title": part.title,
            "rows": {
                row: {column: found.as_json() for (own, column), found in outcomes.items() if own == row}
                for row in part.rows
            },
            "levels": {title: own.as_json() for title, own in levels.items()},
            "paper": paper.provenance,
        },
        figures=[_figure(part, outcomes, paper)] if part.curve and complete else [],
    )


def _metrics(part: Part, outcomes: Mapping[tuple[str, str], Outcome]) -> dict[str, float]:
    """ "PART/ROW/COLUMN" is the mean over the seeds, with "/spread" their deviation."""
    metrics: dict[str, float] = {}
    for (row, column), own in outcomes.items():
        if own.values:
            name = f"{part.name}/{row}/{column}"
            metrics[name], metrics[f"{name}/spread"] = summary(own.values)
    return metrics


def _figure(part: Part, outcomes: Mapping[tuple[str, str], Outcome], paper: PublishedPart) -> Figure:
    """The rows as curves over the columns, those of the paper dashed."""
    own = {
        title: [summary(outcomes[row, column].values) for column in part.columns] for row, title in part.rows.items()
    }
    theirs = {title: [cell.mean for cell in paper.rows.get(row, {}).values()] for row, title in part.rows.items()}
    return curves(list(part.columns.values()), own, theirs, part.title)


def outcome(cell: Cell, runs: Runs, seeds: Sequence[int], paper: Published | None = None) -> Outcome:
    """What came out in a cell, and the paper's number there."""
    values, diverged = [], False
    for seed in seeds:
        scores = runs.scores(cell.training, seed, cell.measurement)
        diverged |= runs.diverged(cell.training, seed) is not None
        if scores is not None:
            values.append(cell.factor * scores[cell.score])
    return Outcome(tuple(values), diverged, paper)


def _number(value: Published) -> str:
    spread = "" if value.spread is None else f" ± {value.spread:g}"
    return f"{value.mean:g}{spread}"
