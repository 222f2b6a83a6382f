"""What a table is made of: cells, each a score of a measurement of a training, and what rows and columns are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .runs import Task
from .scale import Scale
from .trainings import Training

PER_CENT = 100.0
INFERENCE_VIEWS = range(1, 9)
VIEW_COLUMNS = {f"class/{views}": f"{views} view{'s'[: views > 1]}" for views in INFERENCE_VIEWS}
"""Titles of columns of accuracies by the number of views at inference."""

AUGMENTATION_SCORES = {factor: ("factors", f"factor/relative/{factor}") for factor in ("crop", "jitter", "blur")}
"""Measurement and score of R2 in worlds of augmentations, by factor."""


class Cell(NamedTuple):
    """Where a number comes from: a score of a measurement of a training, times a factor."""

    training: Training
    measurement: str
    score: str
    factor: float = 1.0


@dataclass(frozen=True)
class Part:
    """One table, or one panel of a figure.

    Attributes:
        name: which part of the paper it is, such as "table1/rotations"; `paper.published` knows the numbers by it.
        title: a sentence.
        columns: titles of the columns by their names.
        rows: titles of the rows by their names.
        cells: by the names of row and column; there may be none for some.
        levels: null levels by what they are, under the table.
        curve: whether columns are points of a curve, in their order, to be drawn.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    rows: Mapping[str, str]
    cells: Mapping[tuple[str, str], Cell]
    levels: Mapping[str, Cell]
    curve: bool = False

    @property
    def needed(self) -> tuple[Cell, ...]:
        """All cells, and the levels."""
        return (*self.cells.values(), *self.levels.values())


class Row(NamedTuple):
    """A row under construction: its title, its training, and how many views the class is told from (0: one, from z)."""

    title: str
    training: Training
    views: int = 0


def tasks_of(cells: Iterable[Cell], seeds: Sequence[int]) -> list[Task]:
    """What has to be done for these cells: each training once, with all that is measured of it."""
    wanted: dict[Training, dict[str, None]] = {}
    for cell in cells:
        wanted.setdefault(cell.training, {})[cell.measurement] = None
    return [Task(training, seed, tuple(names)) for seed in seeds for training, names in wanted.items()]


def class_score(row: Row, views: int = 0) -> str:
    """Of the row's views, or of others."""
    views = views or row.views
    return f"class/aggregate/{views}" if views else "class/z"


def title_of(scale: Scale, family: str) -> str:
    return scale.families[family].title


def baseline_rows(family: str, methods: Iterable[str]) -> dict[str, Row]:
    return {method: Row(METHOD_TITLES[method], Training(family, method)) for method in methods}


def titles_of(rows: Mapping[str, Row]) -> dict[str, str]:
    return {key: row.title for key, row in rows.items()}


def probed(name: str, title: str, rows: Mapping[str, Row], individual: bool = False) -> Part:
    """A part on worlds whose actions have one kind."""
    columns = {"class": "top-1 in %", "relative": "relative R2"}
    if individual:
        columns["individual"] = "individual R2"
    cells = {}
    for key, row in rows.items():
        cells[key, "class"] = Cell(row.training, "probes", class_score(row), PER_CENT)
        cells |= {(key, part): Cell(row.training, "probes", f"action/{part}") for part in list(columns)[1:]}
    some = next(iter(rows.values())).training
    levels = {
        "top-1 of naming the commonest class": Cell(some, "probes", "class/majority", PER_CENT),
        "relative R2 of the first pose alone": Cell(some, "probes", "action/first_pose"),
    }
    return Part(name, title, columns, titles_of(rows), cells, levels)


def augmentation_families(scale: Scale) -> list[str]:
    return [family for family, own in scale.families.items() if own.world == "augmentations"]


METHOD_TITLES = {
    "simclr": "SimCLR",
    "byol": "BYOL",
    "vicreg": "VICReg",
    "vicreg-traj": "VICRegTraj",
    "sen": "SEN",
    "equimod": "EquiMod",
    "sie": "SIE",
    "conditional-byol": "conditional BYOL",
    "conv-jepa": "Conv-JEPA",
    "context-ssl": "ContextSSL (its loss has a supervised term)",
}
