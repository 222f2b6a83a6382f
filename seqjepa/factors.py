"""What embeddings tell of each factor of a pose, whether actions change it or not.

Tables 2 and 7 of the seq-JEPA paper (Ghaemi, Muller & Bakhtiari, NeurIPS 2025): a model that was told of crops alone is
asked for jitter and blur too, and one that was told of rotations for colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..envs import rotations
from ..envs.augmentations.parameters import LATENTS
from ..envs.stage import STAGE_HIGH
from ..envs.worlds import AugmentationsWorld, World
from ..envs.worlds.rotating import RotatingWorld
from .episode_seeds import first_of_repeat
from .evaluation import ACTION_VIEWS, EvaluationConfig, Fit, Scores, make_regressor, named_policy, split_features
from .features import Features, one_view, two_views
from .metrics import mean_angle, r2
from .view_model import ViewModel

_STAGE = ("floor-hue", "light-polar", "light-azimuth", "light-hue")  # in the order of `envs.stage.STAGE_HIGH`

Kind = Literal["plain", "rotation", "circular"]


@dataclass(frozen=True)
class Factor:
    """Numbers of a pose that belong together.

    Attributes:
        name: of the factor.
        columns: which numbers of the pose.
        kind: "plain"; "rotation", a quaternion; or "circular", a number whose range goes round.
        turn: the length of that range.
    """

    name: str
    columns: tuple[int, ...]
    kind: Kind = "plain"
    turn: float = 1.0


def factors_of(world: World) -> tuple[Factor, ...]:
    """The factors of the poses of a world.

    "position" in pictures; "rotation" of objects and, where poses hold them, "floor-hue", "light-polar",
    "light-azimuth" and "light-hue"; "crop", "jitter" and, where there is blur, "blur" of augmentations.
    """
    if isinstance(world, RotatingWorld):
        shown = world.latents.order[: world.pose_dim - 4]
        stage = (
            Factor(_STAGE[i], (4 + place,), "plain" if _STAGE[i] == "light-polar" else "circular", STAGE_HIGH[i])
            for place, i in enumerate(shown)
        )
        return Factor("rotation", (0, 1, 2, 3), "rotation"), *stage
    if isinstance(world, AugmentationsWorld):
        acted = [i for i in LATENTS[world.options["latents"]] if i not in LATENTS["blur"] or world.options["blur"]]
        order = acted + [i for i in LATENTS["all"] if i not in acted]
        names = [name for name in ("crop", "jitter", "blur") if name != "blur" or world.options["blur"]]
        return tuple(Factor(name, tuple(order.index(i) for i in LATENTS[name])) for name in names)
    return (Factor("position", tuple(range(world.pose_dim))),)


def factor_scores(
    model: ViewModel[Any],
    train: World,
    test: World,
    config: EvaluationConfig,
    report: Callable[[], object] = lambda: None,
) -> Scores:
    """R2 of every factor, by regressors of its own fitted on instances of `train` and tested on those of `test`.

    Scores of each factor, see `factors_of`:

    - "factor/individual/NAME": R2 of the factor in a view, from the embedding of that view (the mean scores 0).
    - "factor/relative/NAME": R2 of its change between two consecutive views, from both embeddings: for rotations
      R_1^-1 R_2, for all others the plain difference, as in the paper, also of hues, which go round.
    - "factor/first_pose/NAME": likewise, from the factor in the former view alone; a half for independent draws.
    - "factor/individual/NAME/circle", of hues and the azimuth: R2 of cosine and sine, which do not jump where the
      range begins again.
    - "factor/individual/rotation/angle", "factor/relative/rotation/angle": mean geodesic angle in degrees between the
      rotation that was regressed and the true one.

    Rotations, crops and jitter are regressed by an MLP, the others linearly. Episodes have three views, by
    `config.action_policy` or else `config.policy`; embeddings of single views alone are used, with no regard to
    `config.views` and `config.disturbance`.

    Args:
        model: the model; it is used in eval mode.
        train, test: worlds over two splits of one source.
        config: how.
        report: called after every repeat.

    Raises:
        ValueError: when the model was made for other actions.
    """
    scores: Scores = {}
    policy = config.policy if config.action_policy is None else config.action_policy
    for repeat in range(config.repeats):
        fitted, held_out = split_features(model, train, test, config, repeat, named_policy(policy), (ACTION_VIEWS,))
        seed = first_of_repeat("probing", config.seed, repeat)
        for factor in factors_of(train):
            fit = make_regressor({factor.name: len(factor.columns)}, config, seed)
            for name, value in _scores(factor, fitted, held_out, fit, config, seed):
                scores.setdefault(f"factor/{name}", []).append(value)
        report()
    return scores


def _scores(
    factor: Factor, fitted: Features, held_out: Features, fit: Fit, config: EvaluationConfig, seed: int
) -> Iterator[tuple[str, float]]:
    def regress(fit: Fit, inputs: Callable[[Features], Tensor], targets: Callable[[Features], Tensor]):
        return fit(inputs(fitted), targets(fitted))(inputs(held_out)), targets(held_out)

    def own(f: Features) -> Tensor:
        return f.poses[..., factor.columns].flatten(0, 1)

    def change(f: Features) -> Tensor:
        start, end = f.poses[:, :-1, factor.columns], f.poses[:, 1:, factor.columns]
        return (rotations.relative(start, end) if factor.kind == "rotation" else end - start).flatten(0, 1)

    for name, inputs, targets in (
        ("individual", one_view, own),
        ("relative", two_views, change),
        ("first_pose", lambda f: f.poses[:, :-1, factor.columns].flatten(0, 1), change),
    ):
        predicted, true = regress(fit, inputs, targets)
        yield f"{name}/{factor.name}", r2(predicted, true)
        if factor.kind == "rotation" and name != "first_pose":
            yield f"{name}/{factor.name}/angle", mean_angle(predicted, true)
    if factor.kind == "circular":
        circle = make_regressor({factor.name: 2}, config, seed)
        yield f"individual/{factor.name}/circle", r2(*regress(circle, one_view, lambda f: _circle(own(f), factor)))


def _circle(values: Tensor, factor: Factor) -> Tensor:
    """Cosine and sine, (N, 2), of values (N, 1)."""
    angles = values * (2 * math.pi / factor.turn)
    return torch.cat([angles.cos(), angles.sin()], dim=1)
