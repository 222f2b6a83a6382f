"""Path integration: where a journey has led, from what the model has kept of its views and actions.

Ghaemi, Muller & Bakhtiari, "seq-JEPA: Autoregressive Predictive Learning of Invariant-Equivariant World Models",
NeurIPS 2025, the experiments on path integration of saccades and of rotations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial, reduce
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ..envs import rotations
from ..envs.worlds import ImagesWorld, World
from ..envs.worlds.rotating import RotatingWorld
from .episode_seeds import first_of_repeat
from .eval_mode import evaluated
from .evaluation import Fit, Scores
from .features import Features, extract_features
from .metrics import r2
from .model import SeqJEPA
from .probes import fit_linear, fit_mlp
from .probing_config import ProbingConfig

Condition = Literal["full", "no-action", "no-vision"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
LEVELS = ("exact", "views-and-actions", "all-actions", "first-action", "mean")

_CHUNK = 1024


@dataclass(frozen=True, kw_only=True)
class PathIntegrationConfig(ProbingConfig):
    """How to score path integration.

    Attributes:
        train_episodes: journeys the heads are fitted on, over the instances of the training split.
        test_episodes: journeys they are scored on, over the instances of the test split.
        views: numbers M of views, and of actions that follow them, each with heads of its own.
        policy: who moves, by its name in the world; None for the world's default.
        repeats: evaluations with fresh journeys and heads; the spread of the scores is over these.
        hidden: width of the MLPs, which regress rotations; saccades are regressed linearly.
        epochs: passes of their training; the paper's values are 1024 and 300.
        decay: their weight decay; the paper has none.
        pooled: whether to report the pooled R2 too.
        bf16: whether to run the model and its heads under bfloat16 autocast.
        seed: of the first repeat.

    Raises:
        ValueError: for a value out of range, naming it.
    """

    views: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


def path_integration(
    model: SeqJEPA,
    train: World,
    test: World,
    config: PathIntegrationConfig,
    report: Callable[[], object] = lambda: None,
) -> Scores:
    """Regress the displacement from the first view to the one after M actions, from the aggregate and the last action.

    The displacement is the difference of two fixations, or the rotation R_1^-1 R_(M+1) as a quaternion with w >= 0.
    The features are those of `path_features`, in three conditions, each with heads of its own:

    - "full": as they are.
    - "no-action": all actions are embedded as zeros, the last one too.
    - "no-vision": all views are embedded as zeros.

    Scores "path/WHO/M/SCORE", where WHO is one of these or a level to hold them against:

    - "exact": the sum or the product of the actions as they were commanded, right unless motor noise comes between.
    - "views-and-actions": the same kind of head on the embeddings of all views and on the actions themselves, side by
      side and in their order: what could be told without an aggregate, of which "full" is what came through.
    - "all-actions": likewise, on the actions alone. Under motor noise this may be better than "exact":
      a policy that aims at places makes up for a miss by its next command, which so tells of the miss (a walk does
      not). Who scores higher still has gained it by vision.
    - "first-action": likewise, on the first action alone.
    - "mean": the mean displacement.

    SCORE is "r2" (on request also "r2/pooled"), and the error: for saccades "distance", its mean in sides of the
    picture; for rotations "angle" and "angle/median", mean and median of the geodesic angle in degrees.

    Args:
        model: a model that is told actions; it is used in eval mode.
        train, test: worlds of pictures or of rotating objects, over two splits of one source.
        config: how.
        report: called whenever the scores of one number of views are there, so `repeats` times the number of `views`.

    Raises:
        ValueError: for other worlds, or a model without an aggregator, that is not told actions, or that was made for
            other actions.
    """
    _check(model, train)
    _check(model, test)
    scores: Scores = {}
    for repeat in range(config.repeats):
        seed = first_of_repeat("probing", config.seed, repeat)
        fitted = _journeys(model, train, config, config.train_episodes, seed)
        held_out = _journeys(model, test, config, config.test_episodes, first_of_repeat("testing", config.seed, repeat))
        for m in config.views:
            displacements = (
                displacement(train, fitted.poses[:, : m + 1]),
                displacement(test, held_out.poses[:, : m + 1]),
            )
            for who, predicted in _predictions(model, train, fitted, held_out, displacements[0], m, config, seed):
                for name, value in _scores(test, predicted, displacements[1], config.pooled):
                    scores.setdefault(f"path/{who}/{m}/{name}", []).append(value)
            report()
    return scores


def path_features(
    model: SeqJEPA, z: Tensor, actions: Tensor, condition: Condition = "full", bf16: bool = False
) -> Tensor:
    """The aggregate of M views with the actions between them, and the embedding of the action that follows.

    Args:
        model: the model; it is used in eval mode.
        z: (N, M, D) embeddings of the views.
        actions: (N, M, A), the last one leads on from the last view.
        condition: what is ablated, see `path_integration`.
        bf16: whether to run the model under bfloat16 autocast.

    Returns:
        (N, W + E) float32.
    """
    assert model.action_embedding is not None
    if condition == "no-vision":
        z = torch.zeros_like(z)
    silence = _silent(model.action_embedding) if condition == "no-action" else nullcontext()
    with evaluated(model), silence, torch.autocast(z.device.type, torch.bfloat16, enabled=bf16):
        chunks = [
            torch.cat([model.aggregate(some, taken[:, :-1]).float(), model.action_embedding(taken[:, -1]).float()], 1)
            for some, taken in zip(z.split(_CHUNK), actions.split(_CHUNK), strict=True)
        ]
    return torch.cat(chunks)


def displacement(world: World, poses: Tensor) -> Tensor:
    """From the first of the poses (N, L, P) to the last: (N, 2), or (N, 4) for rotations."""
    return _moved(world, world.actions_between(poses[:, 0], poses[:, -1]))


def integrate(world: World, actions: Tensor) -> Tensor:
    """Where actions (N, M, A) lead that are obeyed exactly: (N, 2), or (N, 4) for rotations."""
    if isinstance(world, RotatingWorld):
        return reduce(rotations.compose, _moved(world, actions).unbind(1))
    return actions.sum(1)


def _moved(world: World, actions: Tensor) -> Tensor:
    """The part of actions (..., A) that is a movement; floor and light are not."""
    return actions[..., :4] if isinstance(world, RotatingWorld) else actions


def _check(model: SeqJEPA, world: World) -> None:
    if not isinstance(world, ImagesWorld | RotatingWorld):
        name = getattr(world, "name", world)
        raise ValueError(f'the world {name!r} has no journeys; use "images", "objects" or "stored-views"')
    if getattr(model, "action_embedding", None) is None:
        raise ValueError("this model is not told actions, so that it cannot integrate them; use seq-jepa, conditioned")


def _journeys(model: SeqJEPA, world: World, config: PathIntegrationConfig, count: int, seed: int) -> Features:
    """Journeys of the longest length; shorter ones are their beginnings."""
    return extract_features(model, world, count, (max(config.views) + 1,), config.policy, seed, config.bf16)


@contextmanager
def _silent(module: nn.Module) -> Iterator[None]:
    """While this is entered the module's output is zeros."""

    def silence(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return torch.zeros_like(output)

    hook = module.register_forward_hook(silence)
    try:
        yield
    finally:
        hook.remove()


def _predictions(
    model: SeqJEPA,
    world: World,
    fitted: Features,
    held_out: Features,
    targets: Tensor,
    m: int,
    config: PathIntegrationConfig,
    seed: int,
) -> Iterator[tuple[str, Tensor]]:
    """Displacements of the held-out journeys, by whoever tells them."""
    fit = _head(world, config, seed)
    for condition in CONDITIONS:
        features, new = (
            path_features(model, f.z[:, :m], f.actions[:, :m], condition, config.bf16) for f in (fitted, held_out)
        )
        yield condition, fit(features, targets)(new)
    yield "exact", integrate(world, held_out.actions[:, :m])
    seen, new = (torch.cat([f.z[:, :m].flatten(1), f.actions[:, :m].flatten(1)], 1) for f in (fitted, held_out))
    yield "views-and-actions", fit(seen, targets)(new)
    for level, count in (("all-actions", m), ("first-action", 1)):
        known, new = (_moved(world, f.actions[:, :count]).flatten(1) for f in (fitted, held_out))
        yield level, fit(known, targets)(new)
    yield "mean", targets.mean(0).expand(len(held_out.z), -1)


def _head(world: World, config: PathIntegrationConfig, seed: int) -> Fit:
    """The paper's: linear for saccades, an MLP for rotations."""
    if not isinstance(world, RotatingWorld):
        return fit_linear
    return partial(fit_mlp, hidden=config.hidden, epochs=config.epochs, decay=config.decay, seed=seed, bf16=config.bf16)


def _scores(world: World, predicted: Tensor, true: Tensor, pooled: bool) -> Iterator[tuple[str, float]]:
    yield "r2", r2(predicted, true)
    if pooled:
        yield "r2/pooled", r2(predicted, true, "pooled")
    if isinstance(world, RotatingWorld):
        angles = world.distance(rotations.normalise(predicted.double()), true.double()).rad2deg()
        yield "angle", angles.mean().item()
        yield "angle/median", angles.quantile(0.5).item()
    else:
        yield "distance", world.distance(predicted.double(), true.double()).mean().item()
