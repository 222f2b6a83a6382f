"""How soon a goal is found: searchers side by side in the same episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..envs import draws
from ..envs.tasks import Search
from ..envs.tasks.poses import draw_poses
from ..envs.vector_env import SaccadeWorldVectorEnv
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from .encoded_env import EncodedVectorEnv

Searcher = Callable[[EncodedVectorEnv, Mapping[str, Tensor]], Tensor]
"""The next action of every row of an environment, given its observation: (N, ...) as in its action space."""


@dataclass(frozen=True)
class SearchScores:
    """Of N episodes.

    Attributes:
        steps: (N,) float64, after how many actions the goal was reached; infinite where it was not.
        limit: actions that an episode has at most.
    """

    steps: np.ndarray
    limit: int

    @property
    def success(self) -> float:
        """Share of the episodes in which the goal was reached."""
        return self.within(self.limit)

    @property
    def mean_steps(self) -> float:
        """Actions on average; where the goal was not reached, all that there were."""
        return float(np.minimum(self.steps, self.limit).mean())

    def within(self, steps: int) -> float:
        """Share of the episodes in which the goal was reached after at most so many actions."""
        return float((self.steps <= steps).mean())


def search_scores(
    model: SeqJEPA,
    world: World,
    make_searcher: Callable[[EncodedVectorEnv], Searcher],
    *,
    episodes: int,
    limit: int,
    seed: int,
    memory: int = 8,
    **options: Any,
) -> SearchScores:
    """The first episode of every row, all side by side.

    Args:
        model: through which the searcher sees.
        world: unseen scenes.
        make_searcher: the searcher for an environment.
        episodes: how many.
        limit: actions that an episode has at most.
        seed: of the first episode; the same for all searchers to be compared.
        memory: views that are looked back at.
        options: of the task "search".
    """
    native = SaccadeWorldVectorEnv(
        episodes,
        world=world,
        task=Search.name,
        output="torch",
        autoreset_mode="SameStep",
        max_episode_steps=limit,
        **options,
    )
    env = EncodedVectorEnv(native, model, memory=memory, output="torch")
    observation, _ = env.reset(seed=seed)
    searcher = make_searcher(env)
    steps = torch.full((episodes,), torch.inf, dtype=torch.float64, device=world.device)
    running = torch.ones(episodes, dtype=torch.bool, device=world.device)
    for step in range(1, limit + 1):
        observation, _, terminations, truncations, _ = env.step(searcher(env, observation))
        steps[running & terminations] = step
        running &= ~(terminations | truncations)
    return SearchScores(steps.cpu().numpy(), limit)


def straight_to_the_goal(env: EncodedVectorEnv, _: Mapping[str, Tensor]) -> Tensor:
    """The oracle: the movement that leads to the goal, or as near to it as one action leads."""
    rows, world = env.base.rows, env.world
    there = world.aim(rows.poses, rows.state["goal"])
    return world.actions_between(rows.poses, there)


class AnyPose:
    """Chance: every action goes to a pose drawn as the world's policy "uniform" draws it.

    Args:
        seed: of what is drawn.
    """

    def __init__(self, seed: int):
        self.seed = seed

    def __call__(self, env: EncodedVectorEnv, _: Mapping[str, Tensor]) -> Tensor:
        rows, world = env.base.rows, env.world
        fresh = draws.bits(rows.seeds + self.seed, rows.steps, "chance")[:, 0]
        there = world.aim(rows.poses, draw_poses(world, fresh, rows.scenes))
        return world.actions_between(rows.poses, there)
