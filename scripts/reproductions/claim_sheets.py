"""The claims as sheets: whether they hold, methods side by side, and how it comes about in the course of training."""

from __future__ import annotations

from collections.abc import Sequence

from ..figures import curves, front
from ..scores import summary, with_spread
from .claims import CLAIMS, FAMILIES, HEADER, VIEWS, durations, findings, methods_of, twin
from .runs import Runs
from .scale import Scale
from .sheets import Outcome, Sheet, outcome
from .trainings import Training

_COURSE = {
    "relative R2, with actions": ("none", "action/relative"),
    "relative R2, without": ("no-action", "action/relative"),
    f"accuracy of {VIEWS} views, with actions": ("none", f"class/aggregate/{VIEWS}"),
    f"accuracy of {VIEWS} views, without": ("no-action", f"class/aggregate/{VIEWS}"),
    "accuracy of z, with actions": ("none", "class/z"),
}


def claim_sheets(scale: Scale, runs: Runs, seeds: Sequence[int]) -> list[Sheet]:
    """All sheets of the claims."""
    return [
        _verdict(scale, runs, seeds),
        *(_methods(scale, family, runs, seeds) for family in FAMILIES),
        *(
            _course(scale, family, times, runs, seeds)
            for family in FAMILIES
            if scale.milestones
            for times in durations(scale, family)
        ),
    ]


def _verdict(scale: Scale, runs: Runs, seeds: Sequence[int]) -> Sheet:
    found = findings(scale)
    values = {f"claims/{finding.claim}/{finding.title}": finding.values(runs, seeds) for finding in found}
    return Sheet(
        title="claims",
        header=HEADER,
        body=[finding.row(runs, seeds) for finding in found],
        notes=[f"{name}. {statement[0].upper()}{statement[1:]}." for name, statement in CLAIMS.items()],
        metrics={name: summary(numbers)[0] for name, numbers in values.items() if numbers},
        content={"name": "claims", "values": values, "least": {f.title: f.least for f in found}},
    )


def _methods(scale: Scale, family: str, runs: Runs, seeds: Sequence[int]) -> Sheet:
    """Accuracy and relative R2 of all methods, and which of them are on the front."""
    found = {name: [outcome(cell, runs, seeds) for cell in cells] for name, cells in methods_of(scale, family).items()}
    means = {
        name: (summary(accuracy.values), summary(r2.values))
        for name, (accuracy, r2) in found.items()
        if accuracy.values and r2.values
    }
    on_front = {name for name in means if not any(_dominates(means[other], means[name]) for other in means)}
    title = f"{family}: methods of equal compute"
    return Sheet(
        title=title,
        header=["", f"top-1 in %: seq-JEPA from {VIEWS} views, others from z", "relative R2", "on the front"],
        body=[
            [name, *(own.text() for own in outcomes), "yes" if name in on_front else ""]
            for name, outcomes in found.items()
        ],
        notes=["On the front are those that no other method is better than in both."],
        metrics={},
        content={"name": f"methods/{family}", "rows": {name: _as_json(outcomes) for name, outcomes in found.items()}},
        figures=[front(means, title)] if means else [],
    )


def _as_json(outcomes: Sequence[Outcome]) -> dict[str, object]:
    return dict(zip(("class", "relative"), (own.as_json() for own in outcomes), strict=True))


Point = tuple[tuple[float, float], tuple[float, float]]


def _dominates(a: Point, b: Point) -> bool:
    """Whether the means of one are better than those of the other, in both accuracy and R2."""
    return a[0][0] > b[0][0] and a[1][0] > b[1][0]


def _course(scale: Scale, family: str, times: int, runs: Runs, seeds: Sequence[int]) -> Sheet:
    """Scores at the milestones and at the end of the main training, or a longer one, and its twin without actions."""
    columns = [f"{share:.0%}" for share in (*scale.milestones, 1.0)]
    rows: dict[str, list[list[float]]] = {}
    for title, (ablation, score) in {**_COURSE, "seconds, with these measurements": ("none", "seconds")}.items():
        series = [_series(twin(scale, family, ablation, times), score, runs, seed) for seed in seeds]
        rows[title] = [list(at) for at in zip(*(own for own in series if len(own) == len(columns)), strict=True)]
    drawn = {title: [summary(at) for at in rows[title]] for title in _COURSE if rows[title]}
    lasting = "training" if times == 1 else f"training {times} times as long"
    title = f"{family}: in the course of {lasting}, by the share of its steps"
    return Sheet(
        title=title,
        header=["", *columns],
        body=[[name, *map(with_spread, points)] for name, points in rows.items()],
        notes=["In steps of the whole schedule, so that the learning rate falls to its end in the last column only."],
        metrics={
            f"course/{family}/{times}/{name}/{column}": summary(at)[0]
            for name, points in rows.items()
            for column, at in zip(columns, points, strict=False)
        },
        content={"name": f"course/{family}/{times}", "columns": columns, "rows": rows},
        figures=[curves(columns, drawn, {}, title)] if drawn else [],
    )


def _series(training: Training, score: str, runs: Runs, seed: int) -> list[float]:
    """A score, or the seconds, at every milestone and at the end."""
    end = {**(runs.scores(training, seed, "probes") or {}), **(runs.trained(training, seed) or {})}
    return [point[score] for point in [*runs.curve(training, seed), end] if score in point]
