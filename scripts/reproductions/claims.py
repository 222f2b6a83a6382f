"""What the paper claims, each claim as numbers that are to be at least something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean

from ...seqjepa.ablations import ABLATIONS
from ..scores import with_spread
from .parts import PER_CENT, Cell
from .runs import Runs
from .scale import Scale
from .trainings import SEQ_JEPA, Training, baselines_of

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
VIEWS = 5  # at which accuracies are compared
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
        holds = "yes" if mean(values) >= self.least else "no"
        return [self.claim, self.title, with_spread(values), f"{self.least:g}", holds]


def findings(scale: Scale) -> list[Finding]:
    """Those of all claims, in their order."""
    return [finding for make in (_more_views, _actions, _paths, _gaze, _front) for finding in make(scale)]


def twin(scale: Scale, family: str, ablation: str, times: int = 1) -> Training:
    """The main training of a family, under an ablation, and lasting longer."""
    return replace(scale.main(family), ablation=ablation, times=times)


def _accuracy(training: Training, views: int) -> Cell:
    """From the aggregate of so many views, or from z for 0."""
    return Cell(training, "probes", f"class/aggregate/{views}" if views else "class/z", PER_CENT)


def _relative(training: Training) -> Cell:
    return Cell(training, "probes", "action/relative")


def _difference(a: str, b: str) -> Callable[[Values], float]:
    return lambda values: values[a] - values[b]


def _more_views(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        main = scale.main(family)
        cells = {str(views): _accuracy(main, views) for views in (0, 1, 3, VIEWS)}
        for few, many in pairwise((1, 3, VIEWS)):
            title = f"{family}: points gained from {few} to {many} views"
            yield Finding("a", title, cells, _difference(str(many), str(few)), 0.0)
        title = f"{family}: points by which the aggregate of {VIEWS} views passes z"
        yield Finding("a", title, cells, _difference(str(VIEWS), "0"), 5.0)


def _actions(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        for times in durations(scale, family):
            told, not_told = (twin(scale, family, ablation, times) for ablation in ("none", "no-action"))
            where = family if times == 1 else f"{family}, {times} times as long"
            r2 = {"told": _relative(told), "not": _relative(not_told)}
            yield Finding("b", f"{where}: relative R2 over the twin without actions", r2, _difference(*r2), 0.15)
            accuracy = {"told": _accuracy(told, VIEWS), "not": _accuracy(not_told, VIEWS)}
            title = f"{where}: points over that twin, {VIEWS} views"
            yield Finding("b", title, accuracy, _difference(*accuracy), 0.0)


def durations(scale: Scale, family: str) -> list[int]:
    """How many times as long as usual the trainings last in which telling actions is held against not telling them."""
    return sorted({1, scale.families[family].lasting})


def _paths(scale: Scale) -> Iterator[Finding]:
    lengths = range(_SHORT, _LONG + 1)
    for family in FAMILIES:
        cells = {f"{who}/{m}": _path(scale.main(family), who, m) for who in _CONDITIONS for m in lengths}
        for better, worse in pairwise(_CONDITIONS):
            title = f"{family}: R2 of {better} over {worse}, mean over {_SHORT} to {_LONG} actions"
            yield Finding("c", title, cells, _mean_lead(better, worse, lengths), 0.0)
        if scale.families[family].world in ABLATIONS["motor-noise"].worlds:
            noisy = {
                f"{who}/{m}": _path(twin(scale, family, "motor-noise"), who, m)
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
    salient, uniform = (twin(scale, "saccades", ablation) for ablation in ("none", "no-saliency"))
    accuracy = {"salient": _accuracy(salient, VIEWS), "uniform": _accuracy(uniform, VIEWS)}
    yield Finding(
        "d", f"points of saliency over uniform, {VIEWS} views", accuracy, _difference("salient", "uniform"), 0.0
    )
    r2 = {"salient": _relative(salient), "uniform": _relative(uniform)}
    yield Finding("d", "relative R2 of uniform over saliency", r2, _difference("uniform", "salient"), 0.0)


def _front(scale: Scale) -> Iterator[Finding]:
    for family in FAMILIES:
        methods = methods_of(scale, family)
        cells = {f"accuracy/{name}": accuracy for name, (accuracy, _) in methods.items()}
        cells |= {f"r2/{name}": r2 for name, (_, r2) in methods.items()}
        title = f"{family}: least lead over a baseline, each in that of accuracy (as a share) and R2 where it is larger"
        yield Finding("e", title, cells, _least_lead(tuple(methods)[1:]), 0.0)


def methods_of(scale: Scale, family: str) -> dict[str, tuple[Cell, Cell]]:
    """Accuracy and relative R2 of seq-JEPA, which comes first, and of all baselines that there are for a family."""
    trainings = {SEQ_JEPA: scale.main(family)} | {name: Training(family, name) for name in baselines_of(family)}
    return {
        name: (_accuracy(training, VIEWS if training.observed else 0), _relative(training))
        for name, training in trainings.items()
    }


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
