"""Who acts in a task that is recorded."""

from __future__ import annotations

import math

import torch
from gymnasium import spaces
from torch import Tensor

from .. import draws
from ..rollout import Episodes, Policy
from ..tasks.action_forms import BoxActions
from ..vector_env import Observation, SaccadeWorldVectorEnv


def act_at_random(env: SaccadeWorldVectorEnv, _: Observation) -> Tensor:
    """Actions drawn uniformly from the action space, by the seed of the episode and the step. -> (N, ...)."""
    space, rows = env.single_action_space, env.rows
    if isinstance(space, spaces.Discrete):
        return draws.integers(rows.seeds, rows.steps, "action", int(space.n))[:, 0]
    assert isinstance(space, spaces.Box)
    low, high = (torch.as_tensor(bound, device=rows.seeds.device) for bound in (space.low, space.high))
    return low + (high - low) * draws.uniform(rows.seeds, rows.steps, "action", len(low))


class PolicyPlayer:
    """Moves as a policy of rollouts does, from where the task begins, and never answers.

    Args:
        policy: which.
        env: of a task with actions in a Box, which all rows begin at once.

    Raises:
        ValueError: for discrete actions.
    """

    def __init__(self, policy: Policy, env: SaccadeWorldVectorEnv):
        if not isinstance(env.task.form, BoxActions):
            raise ValueError(f"a policy makes movements, and {env.single_action_space} has none: use actions='box'")
        self.policy = policy
        self._episodes: Episodes | None = None
        self._aims: Tensor | None = None

    def __call__(self, env: SaccadeWorldVectorEnv, _: Observation) -> Tensor:
        """The actions of all rows, (N, ...) float32."""
        world, rows = env.world, env.rows
        if self._episodes is None or self._aims is None or env.begun.all():
            self._episodes, self._aims = Episodes(world, rows.seeds, rows.scenes), rows.poses
        self._episodes.arrive(self._aims, rows.poses)
        aims = world.aim(rows.poses, self.policy(self._episodes))
        self._aims = world.settle(aims, rows.scenes, rows.seeds, rows.next_steps)
        movements = world.actions_between(rows.poses, self._aims).clamp(world.action_low, world.action_high)
        answers = math.prod(env.single_action_space.shape or ()) - world.action_dim
        return torch.cat([movements, movements.new_full((len(movements), answers), -1.0)], dim=1)
