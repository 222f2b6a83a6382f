"""Generalisation to rotations that neither the model nor the probes have met.

The held-out rotations of the seq-JEPA paper (its table 9) are those of 3DIEBench's second set, which are the training
rotations in other Euler angles, and its regressions measure the sign of quaternions. Here regions are disjoint in
SO(3), quaternions have w >= 0, and a score tells how far apart the rotations of both sets are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..envs import rotations
from ..envs.worlds import World
from ..envs.worlds.rotating import RotatingWorld
from .episode_seeds import first_of_repeat
from .evaluation import EvaluationConfig, Scores, check_classes, make_regressor, named_policy, split_features
from .features import Features, extract_features, one_view, two_views
from .metrics import accuracy, mean_angle, r2
from .probes import Probe, fit_classifier
from .view_model import ViewModel

_PRODUCTS_AT_ONCE = 1 << 24


def generalisation(
    model: ViewModel[Any],
    train: World,
    inside: World,
    outside: World,
    config: EvaluationConfig,
    report: Callable[[], object] = lambda: None,
) -> Scores:
    """Fit probes on some rotations, and score them on those and on others, of unseen instances in both cases.

    For disjoint regions use worlds with `rotations="inner"` twice and "outer" once, or "3diebench-inner" and
    "3diebench-outer"; the model, too, is to be trained in the inner region.

    Scores, each with PLACE "inside" and "outside":

    - "class/z/PLACE", "class/aggregate/M/PLACE": accuracy, as in `evaluate`; "class/majority/PLACE" is that of naming
      the training split's commonest class.
    - "rotation/individual/PLACE", "rotation/relative/PLACE": R2 of a view's rotation, and of that between two
      consecutive views. R2 compares with the mean rotation of the place itself, so that outside what is right for the
      inside may score far below 0: "rotation/individual/mean/PLACE" (and "relative") is that of the mean of the
      training episodes.
    - The same names with "/angle" before PLACE: the mean geodesic angle in degrees.
    - "rotation/nearest/PLACE": mean angle in degrees from a view's rotation to the nearest that the probes were fitted
      on: alike for both places where what is called outside is none.

    Args:
        model: the model; it is used in eval mode.
        train: the probes are fitted there.
        inside: the test split, with rotations as in `train`.
        outside: the test split, with other rotations.
        config: how. Rotations are regressed in the episodes from which classes are told; `pooled` and `action_policy`
            have no effect and are refused.
        report: called after every repeat.

    Raises:
        ValueError: for worlds without rotations or of unequal classes, and for what else `evaluate` refuses.
    """
    _check(train, inside, outside, config)
    scores: Scores = {}
    for repeat in range(config.repeats):
        for name, value in _repeat_scores(model, train, {"inside": inside, "outside": outside}, config, repeat):
            scores.setdefault(name, []).append(value)
        report()
    return scores


def _check(train: World, inside: World, outside: World, config: EvaluationConfig) -> None:
    for world in (train, inside, outside):
        if not isinstance(world, RotatingWorld):
            raise ValueError(f"the world {world.name!r} has no rotations; use objects or stored-views")
        check_classes(train, world)
    if config.pooled or config.action_policy is not None:
        raise ValueError(
            f"pooled={config.pooled}, action_policy={config.action_policy!r} have no effect on generalisation; "
            "leave them out"
        )


def _repeat_scores(
    model: ViewModel[Any], train: World, places: dict[str, World], config: EvaluationConfig, repeat: int
) -> Iterator[tuple[str, float]]:
    fitted, within = split_features(
        model, train, places["inside"], config, repeat, named_policy(config.policy), config.views
    )
    testing = first_of_repeat("testing", config.seed, repeat)
    beyond = extract_features(
        model,
        places["outside"],
        config.test_episodes,
        config.views,
        config.policy,
        testing,
        config.bf16,
        config.disturbance,
    )
    classify = list(_classifiers(fitted, len(train.classes)))
    regress = list(_regressors(fitted, config, first_of_repeat("probing", config.seed, repeat)))
    for place, held_out in (("inside", within), ("outside", beyond)):
        for name, probe, inputs in classify:
            yield f"class/{name}/{place}", accuracy(probe(inputs(held_out)), held_out.labels)
        for name, probe, inputs, targets in regress:
            predicted, true = probe(inputs(held_out)), targets(held_out)
            yield f"rotation/{name}/{place}", r2(predicted, true)
            yield f"rotation/{name}/angle/{place}", mean_angle(predicted, true)
        yield f"rotation/nearest/{place}", _mean_nearest_angle(_own(held_out), _own(fitted))


def _classifiers(fitted: Features, classes: int) -> Iterator[tuple[str, Probe, Callable[[Features], Tensor]]]:
    commonest = torch.bincount(fitted.labels, minlength=classes).argmax()
    yield "majority", lambda x: commonest.expand(len(x)), _first_view
    yield "z", fit_classifier(_first_view(fitted), fitted.labels, classes), _first_view
    for m, aggregates in fitted.aggregates.items():
        yield f"aggregate/{m}", fit_classifier(aggregates, fitted.labels, classes), _aggregate(m)


def _regressors(
    fitted: Features, config: EvaluationConfig, seed: int
) -> Iterator[tuple[str, Probe, Callable[[Features], Tensor], Callable[[Features], Tensor]]]:
    fit = make_regressor({"rotation": 4}, config, seed)
    for name, inputs, targets in (("individual", one_view, _own), ("relative", two_views, _change)):
        yield name, fit(inputs(fitted), targets(fitted)), inputs, targets
        yield f"{name}/mean", _constant(targets(fitted).mean(0)), inputs, targets


def _constant(value: Tensor) -> Probe:
    return lambda x: value.expand(len(x), -1)


def _first_view(features: Features) -> Tensor:
    return features.z[:, 0]


def _aggregate(m: int) -> Callable[[Features], Tensor]:
    return lambda features: features.aggregates[m]


def _own(features: Features) -> Tensor:
    """Rotations of views, (N L, 4)."""
    return features.poses[..., :4].flatten(0, 1)


def _change(features: Features) -> Tensor:
    """Rotations between consecutive views, (N (L - 1), 4)."""
    return rotations.relative(features.poses[:, :-1, :4], features.poses[:, 1:, :4]).flatten(0, 1)


def _mean_nearest_angle(queries: Tensor, others: Tensor) -> float:
    """Mean angle in degrees from rotations (Q, 4) to the nearest of others (G, 4)."""
    blocks = queries.split(max(1, _PRODUCTS_AT_ONCE // len(others)))
    nearest = torch.cat([(block @ others.T).abs().argmax(1) for block in blocks])
    return mean_angle(queries, others[nearest])
