"""Planners at work: as policies of rollouts, and in the task that they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor

from ...envs.rollout import Episodes
from ...envs.tasks import Recognition, Search, Task
from ...envs.tasks.action_forms import BoxActions
from ...seqjepa import SeqJEPA
from ..encoded_env import EncodedVectorEnv
from ..looking import Looking
from .expected_evidence import ExpectedEvidence
from .objectives import Elsewhere, Familiarity, GoalDistance, Objective
from .planner import Planner, PlannerConfig


class PlanningPolicy:
    """A policy of rollouts that moves as a planner advises, for instance to where there is `ExpectedEvidence`.

    Episodes begin where those of tasks do.

    Args:
        model: made for the world's actions.
        objective: what for; the same for all rows.
        config: how plans are looked for.
        memory: views that are looked back at.

    Raises:
        TypeError, ValueError: for a model that does not aggregate, what is no objective, or no memory.
    """

    def __init__(self, model: SeqJEPA, objective: Objective, config: PlannerConfig | None = None, memory: int = 8):
        if not callable(objective):
            raise TypeError(f"objective={objective!r}: give an Objective, such as Familiarity()")
        self.model = model
        self.objective = objective
        self.config = config or PlannerConfig()
        self.looking = Looking(model, memory)

    @classmethod
    def to_explore(cls, model: SeqJEPA, config: PlannerConfig | None = None, memory: int = 8) -> PlanningPolicy:
        """One that looks where it expects to see what is least like all it has seen in the episode."""
        return cls(model, Familiarity(), config, memory)

    def __call__(self, episodes: Episodes) -> Tensor:
        world = episodes.world
        if episodes.step == 0:
            return world.first_poses(episodes.seeds, episodes.scenes)
        here = episodes.poses[:, -1]
        planner = Planner(self.model, world, self.config)
        seen = self.looking(episodes)
        action = planner(seen, here, episodes.scenes, episodes.seeds, episodes.step, self.objective)
        return world.move(here, action)


class SearchPlanner:
    """Searches: makes the movement whose expected view is most like the goal's, and goes to no place twice.

    That an episode goes on means that the goal was at none of the places seen; these are what it remembers beside
    the views.

    Args:
        env: of the task "search" with actions in a Box, seen through the model that plans.
        config: how plans are looked for.

    Raises:
        ValueError: for another task, or discrete actions.
    """

    def __init__(self, env: EncodedVectorEnv, config: PlannerConfig | None = None):
        self.tolerance = _boxed_task(env, Search).tolerance
        self.longest = int(env.base.max_episode_steps)
        self.planner = Planner(env.model, env.world, config)
        self._visited: Tensor | None = None

    def __call__(self, env: EncodedVectorEnv, _: Mapping[str, Tensor]) -> Tensor:
        """The next action of every row, (N, A) float32; the observation tells nothing that the environment does not."""
        rows, goals = env.base.rows, env.goals
        assert goals is not None
        visited = self._visit(rows.poses, rows.steps)
        objective = Elsewhere(GoalDistance(goals), env.world, visited, self.tolerance)
        return self.planner(env.seen, rows.poses, rows.scenes, rows.seeds, rows.steps, objective)

    def _visit(self, poses: Tensor, steps: Tensor) -> Tensor:
        """Where the rows have been in their running episodes, (N, V, P)."""
        nowhere = torch.full_like(poses, torch.inf)[:, None]
        earlier = nowhere if self._visited is None else self._visited
        earlier = torch.where((steps == 0)[:, None, None], nowhere, earlier)
        self._visited = torch.cat([earlier, poses[:, None]], dim=1)[:, -self.longest :]
        return self._visited


class RecognitionPlanner:
    """Recognises: looks where most evidence of the class is expected, and names it when it is sure, or at last.

    That is with the last action, or before views are forgotten: when there are as many as it looks back at.

    Args:
        env: of the task "recognition" with actions in a Box, seen through the model that plans.
        evidence: gives what it expects and believes, when the first action is due, as that takes long to learn.
        config: how plans are looked for.
        sure: the probability of a class with which it is named; at last the likeliest is in any case.

    Raises:
        ValueError: for another task, or discrete actions.
    """

    def __init__(
        self,
        env: EncodedVectorEnv,
        evidence: Callable[[], ExpectedEvidence],
        config: PlannerConfig | None = None,
        sure: float = 0.9,
    ):
        _boxed_task(env, Recognition)
        self.evidence = evidence
        self.sure = sure
        self.longest = int(env.base.max_episode_steps)
        self.planner = Planner(env.model, env.world, config)

    def __call__(self, env: EncodedVectorEnv, _: Mapping[str, Tensor]) -> Tensor:
        """The next action of every row, (N, A + 1 + C) float32: a movement, whether to answer, and what."""
        rows, seen, evidence = env.base.rows, env.seen, self.evidence()
        probabilities = evidence.belief(seen.aggregates, seen.memory.counts, rows.scenes).exp()
        at_last = (rows.steps + 1 >= self.longest) | (seen.memory.counts >= env.memory_size)
        answering = at_last | (probabilities.amax(1) >= self.sure)
        movements = self.planner(seen, rows.poses, rows.scenes, rows.seeds, rows.steps, evidence)
        flags = torch.where(answering, 1.0, -1.0)
        return torch.cat([movements, flags[:, None], probabilities.clamp_max(1)], dim=1)


_Kind = TypeVar("_Kind", bound=Task)


def _boxed_task(env: EncodedVectorEnv, kind: type[_Kind]) -> _Kind:
    """The task of an environment, which must be of this kind, with actions in a Box."""
    task = env.base.task
    if not isinstance(task, kind) or not isinstance(task.form, BoxActions):
        raise ValueError(
            f"the task is {task.name!r} with actions {task.form.space}: use {kind.name!r} with actions='box'"
        )
    return task
