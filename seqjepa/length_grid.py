"""Accuracy against how many views a model was trained on and how many it sees (figure 4 of the seq-JEPA paper)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..envs.worlds import World
from .evaluation import EvaluationConfig, evaluate_classes
from .features import Aggregating
from .view_model import ViewModel

LengthGrid = dict[int, dict[int, list[float]]]
"""Accuracies by the number of views in training, then by that at inference: a value for each repeat."""


def length_grid(
    models: Mapping[int, ViewModel[Any]],
    train: World,
    test: World,
    config: EvaluationConfig,
    report: Callable[[], object] = lambda: None,
) -> LengthGrid:
    """Classify from the aggregates of 1, 2, ... views of models that were trained on different numbers of views.

    Every inference length has a linear classifier of its own, on the first views of one sequence. All models are
    evaluated on the same episodes.

    Args:
        models: each by M_tr, the number of views that it observed in training.
        train, test: worlds over two splits of one source, of equal classes.
        config: how; `views` are the inference lengths M_val.
        report: called after every repeat of every model.

    Raises:
        ValueError: without models, for models without an aggregator, and as `evaluate_classes`.
    """
    if not models:
        raise ValueError("a grid needs at least one model")
    for length, model in models.items():
        if not isinstance(model, Aggregating):
            raise ValueError(f"{model.config.method}, given for {length} views, does not aggregate views; use seq-jepa")
    scores = {length: evaluate_classes(model, train, test, config, report) for length, model in models.items()}
    return {length: {m: own[f"class/aggregate/{m}"] for m in config.views} for length, own in scores.items()}
