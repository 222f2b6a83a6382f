"""What is measured of a trained model, by name: each measurement is a function of model, worlds and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...envs.worlds import World
from ...seqjepa.ablations import ABLATIONS
from ...seqjepa.evaluation import EvaluationConfig, evaluate, evaluate_classes
from ...seqjepa.factors import factor_scores
from ...seqjepa.generalisation import generalisation
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


@dataclass(frozen=True)
class Worlds:
    """Where a model is measured, each made when it is asked for.

    Attributes:
        make_train: where probes are fitted.
        make_test: where they are scored.
        make_outside: where they are scored too, when generalisation is measured.
    """

    make_train: Callable[[], World]
    make_test: Callable[[], World]
    make_outside: Callable[[], World]

    @property
    def pair(self) -> tuple[World, World]:
        """Where most probes are fitted and scored."""
        return self.make_train(), self.make_test()


Measure = Callable[[Any, Worlds, Settings], Mapping[str, list[float]]]


def elsewhere(measurement: str, family: str) -> str:
    """A measurement in the worlds of another family, with what is set there."""
    return f"{measurement}@{family}"


def place_of(measurement: str) -> tuple[str, str]:
    """The measurement itself, and the family `elsewhere`; empty where it is the training's own."""
    name, _, family = measurement.partition("@")
    return name, family


def disturbed(ablation: str) -> str:
    """The measurement of classes under an ablation that needs no training."""
    return f"classes-{ablation}"


_DISTURBED = {
    disturbed(name): ablation.evaluation
    for name, ablation in ABLATIONS.items()
    if ablation.evaluation and not ablation.retrains
}

OUTSIDE = "generalisation"
"""The measurement that needs a world outside those trained on."""

MEASUREMENTS: Mapping[str, Measure] = {
    "probes": lambda model, worlds, settings: evaluate(model, *worlds.pair, settings.probes),
    "classes": lambda model, worlds, settings: evaluate_classes(model, *worlds.pair, settings.probes),
    **{
        name: lambda model, worlds, settings, changes=changes: evaluate_classes(
            model, *worlds.pair, replace(settings.probes, **changes)
        )
        for name, changes in _DISTURBED.items()
    },
    "factors": lambda model, worlds, settings: factor_scores(model, *worlds.pair, settings.probes),
    OUTSIDE: lambda model, worlds, settings: _generalisation(model, worlds, settings.probes),
    "paths": lambda model, worlds, settings: path_integration(model, *worlds.pair, settings.paths),
    "retrieval": lambda model, worlds, settings: _retrieval(model, worlds, settings.retrieval),
}


def measure(name: str, model: ViewModel[Any], worlds: Worlds, settings: Settings) -> dict[str, float]:
    """The scores of one measurement; see the function that makes them in `seqjepa`."""
    scores = MEASUREMENTS[name](model, worlds, settings)
    return {key: value for key, (value,) in scores.items()}


def _generalisation(model: ViewModel[Any], worlds: Worlds, config: EvaluationConfig) -> Mapping[str, list[float]]:
    return generalisation(model, *worlds.pair, worlds.make_outside(), config)


def _retrieval(model: ViewModel[Any], worlds: Worlds, config: RetrievalConfig) -> Mapping[str, list[float]]:
    """Baselines see one view before they predict."""
    seen = config.observed if hasattr(model, "aggregate") else (1,)
    return retrieval(model, *worlds.pair, replace(config, observed=seen))
