"""Scores as tables for people and as flat numbers for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from ..seqjepa.evaluation import Scores

HEADER = ("score on unseen instances", "trained", "untrained", "null level", "which is")


def summary(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the repeats; a single one has no spread."""
    return mean(values), stdev(values) if len(values) > 1 else 0.0


def with_spread(values: Sequence[float], digits: int = 3) -> str:
    """ "Mean ± standard deviation" of the repeats, such as "0.850 ± 0.071"; of a single one itself, such as "0.850"."""
    middle, spread = summary(values)
    return f"{middle:.{digits}f}" + (f" ± {spread:.{digits}f}" if len(values) > 1 else "")


def table(name: str, trained: Scores, untrained: Scores) -> list[tuple[str, ...]]:
    """Rows under `HEADER`: each score of a trained model beside its untrained twin's and its null level."""
    majority, first_pose = trained["class/majority"], trained["action/first_pose"]
    views = [key for key in trained if key.startswith("class/aggregate/")]
    rows = [
        ("class/z", "class from z, 1 view", majority, "majority class"),
        *((key, f"class from the aggregate, {_views(key)}", majority, "majority class") for key in views),
        ("action/relative", "R2 of the action between 2 views", first_pose, "first pose alone"),
        ("action/individual", "R2 of a view's own pose", [0.0], "mean pose"),
    ]
    return [
        (f"{name}: {label}", with_spread(trained[key]), with_spread(untrained[key]), f"{mean(null):.3f}", meaning)
        for key, label, null, meaning in rows
    ]


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def as_numbers(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Flat names to numbers: "SCORE" is the mean of the repeats and, of several, "SCORE/spread" their deviation."""
    numbers: dict[str, float] = {}
    for key, values in scores.items():
        numbers[key], spread = summary(values)
        if len(values) > 1:
            numbers[f"{key}/spread"] = spread
    return numbers


def as_metrics(name: str, which: str, scores: Scores) -> dict[str, float]:
    """The same, with "NAME/WHICH/" before each score."""
    return as_numbers({f"{name}/{which}/{key}": values for key, values in scores.items()})


def _views(key: str) -> str:
    count = key.rsplit("/")[-1]
    return f"{count} view" if count == "1" else f"{count} views"
