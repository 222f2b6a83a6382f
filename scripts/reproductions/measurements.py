"""What is measured of a trained model, by name: each measurement is a function of model, worlds and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...envs.worlds import World
from ...seqjepa.ablations import ABLATIONS
from ...seqjepa.evaluation import EvaluationConfig, evaluate, evaluate_classes
from ...seqjepa.factors import factor_scores
from ...seqjepa.path_integration import PathIntegrationConfig, path_integration
from ...seqjepa.retrieval import RetrievalConfig, retrieval
from ...seqjepa.view_model import ViewModel


@dataclass(frozen=True)
class Settings:
    """How everything is measured, with one repeat: the spread of the tables is over trainings.

    Attributes:
        probes: of classes, actions and factors.
        paths: of path integration.
        retrieval: of retrieval.
    """

    probes: EvaluationConfig
    paths: PathIntegrationConfig
    retrieval: RetrievalConfig

    def of(self, measurement: str) -> dict[str, Any]:
        """Those of one measurement, as JSON can hold them."""
        if measurement in _DISTURBED:
            return asdict(replace(self.probes, **_DISTURBED[measurement]))
        configs = {"paths": self.paths, "retrieval": self.retrieval}
        return asdict(configs.get(measurement, self.probes))

    def with_seed(self, seed: int) -> Settings:
        """The same with this seed."""
        return Settings(
            probes=replace(self.probes, seed=seed),
            paths=replace(self.paths, seed=seed),
            retrieval=replace(self.retrieval, seed=seed),
        )


Measure = Callable[[Any, World, World, Settings], Mapping[str, list[float]]]


def disturbed(ablation: str) -> str:
    """The measurement of classes under an ablation that needs no training."""
    return f"classes-{ablation}"


_DISTURBED = {
    disturbed(name): ablation.evaluation
    for name, ablation in ABLATIONS.items()
    if ablation.evaluation and not ablation.retrains
}

MEASUREMENTS: Mapping[str, Measure] = {
    "probes": lambda model, train, test, settings: evaluate(model, train, test, settings.probes),
    "classes": lambda model, train, test, settings: evaluate_classes(model, train, test, settings.probes),
    **{
        name: lambda model, train, test, settings, changes=changes: evaluate_classes(
            model, train, test, replace(settings.probes, **changes)
        )
        for name, changes in _DISTURBED.items()
    },
    "factors": lambda model, train, test, settings: factor_scores(model, train, test, settings.probes),
    "paths": lambda model, train, test, settings: path_integration(model, train, test, settings.paths),
    "retrieval": lambda model, train, test, settings: _retrieval(model, train, test, settings.retrieval),
}


def measure(name: str, model: ViewModel[Any], train: World, test: World, settings: Settings) -> dict[str, float]:
    """The scores of one measurement; see the function that makes them in `seqjepa`."""
    scores = MEASUREMENTS[name](model, train, test, settings)
    return {key: value for key, (value,) in scores.items()}


def _retrieval(model: ViewModel[Any], train: World, test: World, config: RetrievalConfig) -> Mapping[str, list[float]]:
    """Baselines see one view before they predict."""
    seen = config.observed if hasattr(model, "aggregate") else (1,)
    return retrieval(model, train, test, replace(config, observed=seen))
