"""What the paper claims, each claim as numbers that are to be at least something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...seqjepa.ablations import ABLATIONS
from ...seqjepa.baselines import BASELINES
from ..figures import curves
from ..scores import summary
from .runs import Runs
from .scale import Scale
from .sheets import Sheet
from .tables import PER_CENT, Cell
from .trainings import Training

FAMILIES = ("saccades", "rotations")
CLAIMS: Mapping[str, str] = {
    "a": "the aggregate's accuracy rises with the number of views, and passes that of a single view's embedding",
    "b": "telling the model actions raises what embeddings tell of them, at no cost in accuracy",
    "c": "paths: all is better than no vision, that better than no actions; vision helps more the longer the path is, "
    "under motor noise",
    "d": "saliency with inhibition gives more accuracy than uniform fixations, and these tell more of positions",
    "e": "no baseline of equal compute is as good in both accuracy and R2",
}
HEADER = ["claim", "what", "measured", "at least", "holds"]
_VIEWS = 5  # at which accuracies are compared
_LONG, _SHORT = 7, 1  # paths

Values = Mapping[str, float]


@dataclass(frozen=True)
class Finding:
    """A number that a claim stands on.

    Attributes:
        claim: a key of `CLAIMS`.
        title: what the number is.
        cells: the scores it is made of, by name.
        number: of the scores of one seed.
        least: what its mean over the seeds has to reach.
    """

    claim: str
    title: str
    cells: Mapping[str, Cell]
    number: Callable[[Values], float]
    least: float

    def values(self, runs: Runs, seeds: Sequence[int]) -> list[float]:
        """The number for each seed of which all scores are there."""
        numbers = []
        for seed in seeds:
            found = {
                name: None if scores is None else cell.factor * scores[cell.score]
                for name, cell in self.cells.items()
                for scores in [runs.scores(cell.training, seed, cell.measurement)]
            }
            values = {name: value for name, value in found.items() if value is not None}
            if len(values) == len(found):
                numbers.append(self.number(values))
        return numbers

    def row(self, runs: Runs, seeds: Sequence[int]) -> list[str]:
        """Under `HEADER`."""
        values = self.values(runs, seeds)
        if not values:
            return [self.claim, self.title, "-", f"{self.least:g}", "-"]
        mean, spread = summary(values)
        measured = f"{mean:.3f} ± {spread:.3f}"
        return [self.claim, self.title, measured, f"{self.least:g}", "yes" if mean >= self.least else "no"]


def findings(scale: Scale) -> list[Finding]:
    """Those of all claims, in their order."""
    return [finding for make in (_more_views, _actions, _paths, _gaze, _front) for finding in make(scale)]


def _main(scale: Scale, family: str, ablation: str = "none") -> Training:
    return replace(scale.main(family), ablation=ablation)


def _accuracy(training: Training, views: int) -> Cell:
    """From the aggregate of so many views, or from z for 0."""
    return Cell(training, "probes", f"class/aggregate/{views}" if views else "class/z", PER_CENT)


def _relative(training: Training) -> Cell:
    return Cell(training, "probes", "action/relative")


def _difference(a: str, b: str) -> Callable[[Values], float]:
    return lambda values: values[a] - values[b]


def _more_views(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        main = _main(scale, family)
        cells = {str(views): _accuracy(main, views) for views in (0, 1, 3, _VIEWS)}
        for few, many in pairwise((1, 3, _VIEWS)):
            title = f"{family}: points gained from {few} to {many} views"
            yield Finding("a", title, cells, _difference(str(many), str(few)), 0.0)
        title = f"{family}: points by which the aggregate of {_VIEWS} views passes z"
        yield Finding("a", title, cells, _difference(str(_VIEWS), "0"), 5.0)


def _actions(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        twins = {name: _main(scale, family, ablation) for name, ablation in (("told", "none"), ("not", "no-action"))}
        r2 = {name: _relative(training) for name, training in twins.items()}
        yield Finding("b", f"{family}: relative R2 over the twin without actions", r2, _difference("told", "not"), 0.15)
        accuracy = {name: _accuracy(training, _VIEWS) for name, training in twins.items()}
        title = f"{family}: points over that twin, {_VIEWS} views"
        yield Finding("b", title, accuracy, _difference("told", "not"), 0.0)


def _paths(scale: Scale) -> Iterator[Finding]:
    lengths = range(_SHORT, _LONG + 1)
    for family in FAMILIES:
        cells = {f"{who}/{m}": _path(_main(scale, family), who, m) for who in _CONDITIONS for m in lengths}
        for better, worse in pairwise(_CONDITIONS):
            title = f"{family}: R2 of {better} over {worse}, mean over {_SHORT} to {_LONG} actions"
            yield Finding("c", title, cells, _mean_lead(better, worse, lengths), 0.0)
        if scale.families[family].world in ABLATIONS["motor-noise"].worlds:
            noisy = {
                f"{who}/{m}": _path(_main(scale, family, "motor-noise"), who, m)
                for who in _CONDITIONS
                for m in (_SHORT, _LONG)
            }
            leads = [_mean_lead("full", "no-vision", (m,)) for m in (_LONG, _SHORT)]
            title = f"{family}, motor noise: lead of full over no-vision, at {_LONG} actions more than at {_SHORT}"
            yield Finding("c", title, noisy, lambda v, leads=leads: leads[0](v) - leads[1](v), 0.0)


_CONDITIONS = ("full", "no-vision", "no-action")


def _path(training: Training, who: str, m: int) -> Cell:
    return Cell(training, "paths", f"path/{who}/{m}/r2")


def _mean_lead(better: str, worse: str, lengths: Sequence[int]) -> Callable[[Values], float]:
    return lambda values: sum(values[f"{better}/{m}"] - values[f"{worse}/{m}"] for m in lengths) / len(lengths)


def _gaze(scale: Scale) -> Iterator[Finding]:
    salient, uniform = (_main(scale, "saccades", ablation) for ablation in ("none", "no-saliency"))
    accuracy = {"salient": _accuracy(salient, _VIEWS), "uniform": _accuracy(uniform, _VIEWS)}
    yield Finding(
        "d", f"points of saliency over uniform, {_VIEWS} views", accuracy, _difference("salient", "uniform"), 0.0
    )
    r2 = {"salient": _relative(salient), "uniform": _relative(uniform)}
    yield Finding("d", "relative R2 of uniform over saliency", r2, _difference("uniform", "salient"), 0.0)


def _front(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        trainings = {"seq-jepa": _main(scale, family)} | {
            method: Training(family, method) for method in BASELINES if method != "conv-jepa" or family == "saccades"
        }
        cells = {f"accuracy/{name}": _accuracy(t, _VIEWS if t.observed else 0) for name, t in trainings.items()}
        cells |= {f"r2/{name}": _relative(training) for name, training in trainings.items()}
        title = f"{family}: least lead over a baseline, each in that of accuracy (as a share) and R2 where it is larger"
        yield Finding("e", title, cells, _least_lead(tuple(trainings)[1:]), 0.0)


def _least_lead(baselines: Sequence[str]) -> Callable[[Values], float]:
    def number(values: Values) -> float:
        def lead(over: str) -> float:
            accuracy = (values["accuracy/seq-jepa"] - values[f"accuracy/{over}"]) / PER_CENT
            return max(accuracy, values["r2/seq-jepa"] - values[f"r2/{over}"])

        return min(lead(name) for name in baselines)

    return number


def claim_cells(scale: Scale) -> list[Cell]:
    """All that the claims stand on."""
    return [cell for finding in findings(scale) for cell in finding.cells.values()]


def claim_sheets(scale: Scale, runs: Runs, seeds: Sequence[int]) -> list[Sheet]:
    """Whether the claims hold, and how what they stand on comes about in the course of training."""
    found = findings(scale)
    values = {f"claims/{finding.claim}/{finding.title}": finding.values(runs, seeds) for finding in found}
    metrics = {name: summary(numbers)[0] for name, numbers in values.items() if numbers}
    notes = [f"{name}. {statement[0].upper()}{statement[1:]}." for name, statement in CLAIMS.items()]
    verdict = Sheet(
        title="claims",
        header=HEADER,
        body=[finding.row(runs, seeds) for finding in found],
        notes=notes,
        metrics=metrics,
        content={"name": "claims", "values": values, "least": {f.title: f.least for f in found}},
    )
    return [verdict, *(_course(scale, family, runs, seeds) for family in FAMILIES if scale.milestones)]


_COURSE = {
    "relative R2, with actions": ("none", "action/relative"),
    "relative R2, without": ("no-action", "action/relative"),
    f"accuracy of {_VIEWS} views, with actions": ("none", f"class/aggregate/{_VIEWS}"),
    f"accuracy of {_VIEWS} views, without": ("no-action", f"class/aggregate/{_VIEWS}"),
    "accuracy of z, with actions": ("none", "class/z"),
    "seconds, with these measurements": ("none", "seconds"),
}


def _course(scale: Scale, family: str, runs: Runs, seeds: Sequence[int]) -> Sheet:
    """Scores at the milestones and at the end of the main training and of its twin without actions."""
    columns = [f"{share:.0%} of the steps" for share in (*scale.milestones, 1.0)]
    rows: dict[str, list[list[float]]] = {}
    for title, (ablation, score) in _COURSE.items():
        series = [_series(_main(scale, family, ablation), score, runs, seed) for seed in seeds]
        rows[title] = [list(at) for at in zip(*(own for own in series if len(own) == len(columns)), strict=True)]
    drawn = {title: [summary(at) for at in points] for title, points in rows.items() if points and "sec" not in title}
    title = f"{family}: in the course of training"
    return Sheet(
        title=title,
        header=["", *columns],
        body=[[name, *("{:.3f} ± {:.3f}".format(*summary(at)) for at in points)] for name, points in rows.items()],
        notes=["In steps of the whole schedule, so that the learning rate falls to its end in the last column only."],
        metrics={
            f"course/{family}/{name}/{i}": summary(at)[0]
            for name, points in rows.items()
            for i, at in enumerate(points)
        },
        content={"name": f"course/{family}", "columns": columns, "rows": rows},
        figures=[curves(columns, drawn, {}, title)] if drawn else [],
    )


def _series(training: Training, score: str, runs: Runs, seed: int) -> list[float]:
    """A score, or the seconds, at every milestone and at the end."""
    end = {**(runs.scores(training, seed, "probes") or {}), **(runs.trained(training, seed) or {})}
    return [point[score] for point in [*runs.curve(training, seed), end] if score in point]
