"""What a model has learned: probes on unseen instances, beside the levels that give their scores a meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from ..envs.augmentations.parameters import LATENTS
from ..envs.rollout import Policy
from ..envs.sources.splits import some
from ..envs.worlds import AugmentationsWorld, World
from ..envs.worlds.rotating import RotatingWorld
from .disturbances import Disturbance
from .episode_seeds import first_of_repeat
from .features import Features, extract_features, one_view, two_views
from .metrics import accuracy, r2
from .probes import Probe, fit_classifier, fit_linear, fit_mlp
from .probing_config import ProbingConfig
from .view_model import ViewModel

ACTION_VIEWS = 3  # of the episodes of `action_policy`: two movements, and a walk is still near where it began

_BY_MLP = ("rotation", "crop", "jitter")  # parts of actions; the others are regressed linearly


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(ProbingConfig):
    """How to evaluate.

    Attributes:
        train_episodes: episodes the probes are fitted on, over the instances of the training split.
        test_episodes: episodes they are scored on, over the instances of the test split.
        views: numbers of views to aggregate, each with a classifier of its own.
        policy: who moves, by its name in the world; None for the world's default.
        action_policy: who moves where actions and poses are regressed, in episodes of their own of three views; None
            for the same episodes. Where `policy` makes actions depend on where they start, a policy whose actions do
            not, such as a walk, leaves nothing for the first pose alone to tell.
        repeats: evaluations with fresh episodes and probes; the spread of the scores is over these.
        hidden: width of the MLPs, which regress rotations, crops and jitter.
        epochs: passes of their training; the paper's values are 1024 and 300.
        decay: their weight decay; the paper has none, but with few instances it learns them by heart.
        pooled: whether to report the pooled R2 too.
        bf16: whether to run model and regressor under bfloat16 autocast, which changes scores by less than their
            spread.
        disturbance: of what the aggregator is told of the test episodes; probes are fitted on undisturbed ones.
        seed: of the first repeat.
    """

    views: tuple[int, ...] = (1, 3, 5)
    action_policy: str | None = None
    disturbance: Disturbance = field(default_factory=Disturbance)


Scores = dict[str, list[float]]
"""Names of scores to one value per repeat."""


def evaluate(
    model: ViewModel,
    train: World,
    test: World,
    config: EvaluationConfig,
    report: Callable[[], object] = lambda: None,
    policy_in: Callable[[World], Policy] | None = None,
) -> Scores:
    """Score a frozen model by probes fitted on instances of `train` and tested on the unseen ones of `test`.

    Scores, each beside its null level:

    - "class/z", "class/aggregate/M": accuracy of a linear classifier on the first view's embedding and, where the
      model has an aggregator, on the aggregate of M views; "class/majority": of naming the training split's commonest
      class.
    - "action/relative": R2 of the action between two consecutive views from their embeddings; "action/first_pose":
      from the former view's pose alone, which tells something because actions depend on where they start.
    - "action/individual": R2 of a view's own pose from its embedding (the mean pose scores 0).

    Of hues and the light's angles, what "action/relative" asks for is the plain difference between two poses, as in the
    paper, and not the short way round, which actions go: no linear regression can tell that from both hues.

    Each part of an action has a regressor of its own, as in the paper (section 4 and its appendix): rotations, crops
    and jitter an MLP; saccades, hues of floor and light (and the light's angles) and blur a linear one. Where actions
    have several parts, so have these scores, "action/relative/crop" and so on: "rotation" and "stage", or "crop",
    "jitter" and "blur".

    Args:
        model: the model; it is used in eval mode.
        train, test: worlds over two splits of one source, of equal classes.
        config: how.
        report: called after every repeat.
        policy_in: who moves in a world, in place of the policy that `config` names.

    Raises:
        ValueError: when the two worlds do not have the same classes, or none, or the model was made for other actions.
    """
    check_classes(train, test)
    scores: Scores = {}
    for repeat in range(config.repeats):
        features = partial(split_features, model, train, test, config, repeat)
        moving = named_policy(config.policy) if policy_in is None else policy_in
        episodes = features(moving, config.views)
        walks = (
            episodes if config.action_policy is None else features(named_policy(config.action_policy), (ACTION_VIEWS,))
        )
        parts = _action_parts(train)
        fit = make_regressor(parts, config, first_of_repeat("probing", config.seed, repeat))
        for name, value in (
            *_class_scores(*episodes, len(train.classes)),
            *_action_scores(*walks, fit, parts, config.pooled),
        ):
            scores.setdefault(name, []).append(value)
        report()
    return scores


def evaluate_classes(
    model: ViewModel, train: World, test: World, config: EvaluationConfig, report: Callable[[], object] = lambda: None
) -> Scores:
    """The scores of classes that `evaluate` gives, without those of actions; arguments and errors are the same.

    The source may be another than that on which the model was trained: this is then the paper's test of transfer, of
    encoder and aggregator as they are to other classes.
    """
    check_classes(train, test)
    scores: Scores = {}
    for repeat in range(config.repeats):
        episodes = split_features(model, train, test, config, repeat, named_policy(config.policy), config.views)
        for name, value in _class_scores(*episodes, len(train.classes)):
            scores.setdefault(name, []).append(value)
        report()
    return scores


def check_classes(train: World, test: World) -> None:
    """Refuse worlds that do not have the same classes, or none.

    Raises:
        TypeError: for what is no world.
        ValueError: naming them.
    """
    for world in (train, test):
        if not isinstance(world, World):
            raise TypeError(f"{world!r} is no world: make one by make_world")
    if train.classes != test.classes:
        classes = f"the classes {some(train.classes)}, the test world {some(test.classes) or 'none'}"
        raise ValueError(f"the training world has {classes}: make both of one source")
    if not train.classes:
        raise ValueError("these worlds have no classes to score: evaluate on scenes with labels")


def split_features(
    model: ViewModel,
    train: World,
    test: World,
    config: EvaluationConfig,
    repeat: int,
    policy_in: Callable[[World], Policy],
    lengths: tuple[int, ...],
) -> tuple[Features, Features]:
    """What the probes of a repeat are fitted on, and what they are scored on."""
    probing, testing = (first_of_repeat(use, config.seed, repeat) for use in ("probing", "testing"))
    fitted = extract_features(model, train, config.train_episodes, lengths, policy_in(train), probing, config.bf16)
    return fitted, extract_features(
        model, test, config.test_episodes, lengths, policy_in(test), testing, config.bf16, config.disturbance
    )


def named_policy(policy: str | None) -> Callable[[World], Policy]:
    """A world's policy of that name, or its default one, in whichever world."""
    return lambda world: world.policy(policy)


def _class_scores(fitted: Features, held_out: Features, classes: int) -> list:
    def score(x: Tensor, new: Tensor) -> float:
        return accuracy(fit_classifier(x, fitted.labels, classes)(new), held_out.labels)

    commonest = torch.bincount(fitted.labels, minlength=classes).argmax()
    return [
        ("class/majority", accuracy(commonest.expand_as(held_out.labels), held_out.labels)),
        ("class/z", score(fitted.z[:, 0], held_out.z[:, 0])),
        *((f"class/aggregate/{m}", score(fitted.aggregates[m], held_out.aggregates[m])) for m in fitted.aggregates),
    ]


Fit = Callable[[Tensor, Tensor], Probe]


def _action_parts(world: World) -> dict[str, int]:
    """The parts of the world's actions, in their order, and how many numbers each has."""
    if isinstance(world, AugmentationsWorld):
        acted = LATENTS[world.options["latents"]][: world.action_dim]  # without blur its number is missing
        return {name: len(LATENTS[name]) for name in ("crop", "jitter", "blur") if LATENTS[name][0] in acted}
    if isinstance(world, RotatingWorld):
        return {"rotation": 4} | ({"stage": len(world.latents)} if len(world.latents) else {})
    return {"position": world.action_dim}


def make_regressor(parts: Mapping[str, int], config: EvaluationConfig, seed: int) -> Fit:
    """Regression of all parts, each by itself."""
    mlp = partial(fit_mlp, hidden=config.hidden, epochs=config.epochs, decay=config.decay, seed=seed, bf16=config.bf16)

    def fit(features: Tensor, targets: Tensor) -> Probe:
        columns = zip(parts, targets.split(list(parts.values()), dim=1), strict=True)
        probes = [(mlp if name in _BY_MLP else fit_linear)(features, part) for name, part in columns]
        return lambda new: torch.cat([probe(new) for probe in probes], dim=1)

    return fit


def _action_scores(fitted: Features, held_out: Features, fit: Fit, parts: Mapping[str, int], pooled: bool) -> list:
    """Regressions of actions and poses, over all views of the episodes and all pairs of consecutive ones."""
    width = fitted.actions.shape[-1]

    def starts(f: Features) -> Tensor:
        return f.poses[:, :-1, :width].flatten(0, 1)

    def actions(f: Features) -> Tensor:
        told = width - parts.get("stage", 0)
        changes = f.poses[:, 1:, told:width] - f.poses[:, :-1, told:width]
        return torch.cat([f.actions[..., :told], changes], dim=-1).flatten(0, 1)

    def poses(f: Features) -> Tensor:
        return f.poses[..., :width].flatten(0, 1)

    scores = []
    for name, features, targets in (
        ("action/relative", two_views, actions),
        ("action/first_pose", starts, actions),
        ("action/individual", one_view, poses),
    ):
        predicted = fit(features(fitted), targets(fitted))(features(held_out))
        scores.append((name, r2(predicted, targets(held_out))))
        if pooled:
            scores.append((f"{name}/pooled", r2(predicted, targets(held_out), "pooled")))
        if len(parts) > 1:
            columns = (values.split(list(parts.values()), dim=1) for values in (predicted, targets(held_out)))
            scores += [
                (f"{name}/{part}", r2(*pair)) for part, pair in zip(parts, zip(*columns, strict=True), strict=True)
            ]
    return scores
