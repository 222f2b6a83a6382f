"""The numbers of a part of the paper as they came out, beside the paper's: as Markdown, as JSON, and as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from ..figures import curves
from ..scores import summary
from .paper import Published, PublishedPart, published
from .runs import Runs
from .tables import Cell, Part

MISSING, DIVERGED = "-", "diverged"


@dataclass(frozen=True)
class Outcome:
    """What came out in one cell: a value per seed, fewer where some are missing or diverged."""

    values: tuple[float, ...]
    diverged: bool
    paper: Published | None

    def text(self) -> str:
        """Mean ± deviation over the seeds, and the paper's number in brackets."""
        own = "{:.2f} ± {:.2f}".format(*summary(self.values)) if self.values else MISSING
        own = f"{own} ({DIVERGED})" if self.diverged else own
        return own if self.paper is None else f"{own} [{_number(self.paper)}]"

    def as_json(self) -> dict[str, Any]:
        mean, spread = summary(self.values) if self.values else (None, None)
        paper = None if self.paper is None else {"mean": self.paper.mean, "spread": self.paper.spread}
        return {"mean": mean, "spread": spread, "values": self.values, "diverged": self.diverged, "paper": paper}


@dataclass(frozen=True)
class PartResult:
    """A part with what came out.

    Attributes:
        part: which.
        outcomes: by the names of row and column.
        levels: the null levels, by what they are.
        paper: what the paper has.
    """

    part: Part
    outcomes: Mapping[tuple[str, str], Outcome]
    levels: Mapping[str, Outcome]
    paper: PublishedPart

    @classmethod
    def of(cls, part: Part, runs: Runs, seeds: Sequence[int]) -> PartResult:
        """What is there of a part."""
        paper = published(part.name)
        outcomes = {key: _outcome(cell, runs, seeds, paper.get(*key)) for key, cell in part.cells.items()}
        levels = {title: _outcome(cell, runs, seeds, None) for title, cell in part.levels.items()}
        return cls(part, outcomes, levels, paper)

    @property
    def header(self) -> list[str]:
        """The headings of the columns."""
        return ["", *self.part.columns.values()]

    @property
    def body(self) -> list[list[str]]:
        """The rows, each with its title first."""
        rows = []
        for row, title in self.part.rows.items():
            cells = (self.outcomes.get((row, column)) for column in self.part.columns)
            rows.append([title, *("" if cell is None else cell.text() for cell in cells)])
        return rows

    @property
    def notes(self) -> list[str]:
        """Null levels, and where the paper's numbers come from."""
        levels = [f"{title}: {outcome.text()}." for title, outcome in self.levels.items()]
        return levels + ([self.paper.provenance] if self.paper.provenance else [])

    def markdown(self) -> str:
        """A heading, the table, and the notes."""
        lines = [self.header, ["---"] * len(self.header), *self.body]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.part.title}\n\n{table}\n\n" + "\n\n".join(self.notes) + "\n"

    def metrics(self) -> dict[str, float]:
        """Flat names to numbers: "PART/ROW/COLUMN" is the mean over the seeds, with "/spread" their deviation."""
        flat: dict[str, float] = {}
        for (row, column), outcome in self.outcomes.items():
            if outcome.values:
                name = f"{self.part.name}/{row}/{column}"
                flat[name], flat[f"{name}/spread"] = summary(outcome.values)
        return flat

    def as_json(self) -> dict[str, Any]:
        rows: dict[str, dict[str, Any]] = {row: {} for row in self.part.rows}
        for (row, column), outcome in self.outcomes.items():
            rows[row][column] = outcome.as_json()
        return {
            "name": self.part.name,
            "title": self.part.title,
            "rows": rows,
            "levels": {title: outcome.as_json() for title, outcome in self.levels.items()},
            "paper": self.paper.provenance,
        }

    def figure(self) -> Figure | None:
        """The rows as curves over the columns, those of the paper dashed; None for a table."""
        if not self.part.curve or not all(outcome.values for outcome in self.outcomes.values()):
            return None
        own = {
            title: [summary(self.outcomes[row, column].values) for column in self.part.columns]
            for row, title in self.part.rows.items()
        }
        theirs = {
            f"{self.part.rows[row]}, paper": [cell.mean for cell in cells.values()]
            for row, cells in self.paper.rows.items()
        }
        return curves(list(self.part.columns.values()), own, theirs, self.part.title)


def _outcome(cell: Cell, runs: Runs, seeds: Sequence[int], paper: Published | None) -> Outcome:
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
