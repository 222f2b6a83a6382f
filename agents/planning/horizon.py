"""How far ahead a model sees: the error of its predictions when it is fed with them, by the number of actions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ...envs.checks import check_fields, check_whole
from ...envs.rollout import Rollout
from ...envs.worlds import World
from ...seqjepa import SeqJEPA
from ...seqjepa.episode_seeds import first_of_repeat
from ...seqjepa.eval_mode import evaluated
from ...seqjepa.features import spread_scenes
from ...seqjepa.matching import check_match
from ..memory import Memory, Seen, check_aggregates
from .imagination import imagine

_CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class HorizonConfig:
    """How to measure.

    Attributes:
        observed: views that are really seen first.
        horizon: actions that are imagined after them.
        episodes: how many.
        policy: who moves, by its name in the world; None for the world's default.
        seed: of the episodes.

    Raises:
        TypeError, ValueError: for values out of range.
    """

    observed: int = 3
    horizon: int = 5
    episodes: int = 2000
    policy: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("observed", "horizon"):
            check_whole(name, getattr(self, name), 1)
        check_whole("episodes", self.episodes, 2)
        check_whole("seed", self.seed, 0)


def horizon_errors(model: SeqJEPA, world: World, config: HorizonConfig) -> dict[str, list[float]]:
    """1 - cosine, in [0, 2], between what is expected after 1, 2 ... actions and the embedding of what is then seen.

    "imagined": the model is fed with its own predictions, see `imagine`. Levels beside it: "told" what it predicts
    from all the views until the last action as they were; "unchanged" the last view that was really seen; "chance" the
    view of another episode after as many actions.

    Args:
        model: frozen.
        world: unseen scenes.
        config: how.

    Raises:
        TypeError: for a model that does not aggregate.
        ValueError: for a model made for other actions.
    """
    check_aggregates(model)
    check_match(model, world)
    scenes = spread_scenes(world, config.episodes)
    first, length = first_of_repeat("testing", config.seed, 0), config.observed + config.horizon
    totals: dict[str, Tensor] = {}
    with evaluated(model):
        for start in range(0, config.episodes, _CHUNK):
            chunk = scenes[start : start + _CHUNK]
            batch = world.rollout(None, length, config.policy, first + start, chunk)
            for name, errors in _errors(model, batch, config).items():
                totals[name] = totals.get(name, 0) + errors.double().sum(0)
    return {name: (total / config.episodes).tolist() for name, total in totals.items()}


def _errors(model: SeqJEPA, batch: Rollout, config: HorizonConfig) -> dict[str, Tensor]:
    """(B, H) each."""
    z = model.encode(batch.views)
    memory = Memory.begin(z[:, 0], z.shape[1], batch.actions.shape[2])
    seen: list[Seen] = []  # once the first views are observed, before every further one
    for step in range(1, z.shape[1]):
        if step >= config.observed:
            seen.append(memory.look_back(model))
        memory = memory.after(batch.actions[:, step - 1], z[:, step])
    truth, ahead = z[:, config.observed :], batch.actions[:, config.observed - 1 :]
    expected = {
        "imagined": imagine(model, seen[0], ahead[:, None]).z[:, 0],
        "told": model.predict(torch.stack([before.aggregates for before in seen], dim=1), ahead),
        "unchanged": z[:, config.observed - 1, None].expand_as(truth),
        "chance": truth.roll(1, 0),
    }
    return {name: 1 - functional.cosine_similarity(value.float(), truth, dim=-1) for name, value in expected.items()}
