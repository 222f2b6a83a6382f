"""Who acts in what is recorded: a policy in rollouts, anybody in a task, or an agent in the task that it learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..agents.agent import Agent
from ..agents.agent_env import task_options
from ..agents.agent_player import record_agent
from ..envs.recordings.chunks import Chunk
from ..envs.recordings.players import PolicyPlayer, act_at_random
from ..envs.recordings.rollouts import record_rollout
from ..envs.recordings.tape import TapedVectorEnv, record_task
from ..envs.rollout import Policy
from ..envs.spaces import space_bytes
from ..envs.worlds import World

_CHUNK_BYTES = 64_000_000
_MOST_AT_ONCE = 4096  # episodes


@dataclass(frozen=True)
class Recorder:
    """Records episodes of a world.

    Attributes:
        world: which.
        make: the chunk of a first episode, by its number, and of as many episodes.
        mover: who acts, in words.
        length: views that an episode has at most.
        task: what `SaccadeWorldVectorEnv` is made with beside the world; None for rollouts.
    """

    world: World
    make: Callable[[int, int], Chunk]
    mover: str
    length: int
    task: Mapping[str, Any] | None = None

    @property
    def at_once(self) -> int:
        """Episodes of a chunk, which bound the memory."""
        return max(1, min(_MOST_AT_ONCE, _CHUNK_BYTES // (self.length * self._view_bytes)))

    @property
    def least_bytes(self) -> int:
        """What an episode takes at least: those of a task have two views."""
        return (self.length if self.task is None else 2) * math.prod(self.world.view_shape)

    @property
    def env(self) -> TapedVectorEnv:
        """An environment of the task with one row."""
        assert self.task is not None
        return TapedVectorEnv(1, world=self.world, **self.task)

    @property
    def _view_bytes(self) -> int:
        return math.prod(self.world.view_shape) if self.task is None else space_bytes(self.env.single_observation_space)


def rollout_recorder(world: World, policy: Policy, mover: str, length: int, seed: int) -> Recorder:
    """Of rollouts of so many views; `seed` is that of the first episode."""
    return Recorder(
        world, lambda first, count: record_rollout(world, policy, length, first, count, seed), mover, length
    )


def task_recorder(world: World, task: Mapping[str, Any], policy: Policy | None, mover: str, seed: int) -> Recorder:
    """Of a task, in which a policy moves; without one actions are drawn from the action space."""

    def make(first: int, count: int) -> Chunk:
        tape = TapedVectorEnv(count, world=world, **task)
        return record_task(tape, act_at_random if policy is None else PolicyPlayer(policy, tape), first, seed)

    if policy is not None:
        PolicyPlayer(policy, TapedVectorEnv(1, world=world, **task))  # refuses a task it cannot play
    return Recorder(world, make, mover, _longest(world, task), task)


def agent_recorder(world: World, agent: Agent, mover: str, seed: int) -> Recorder:
    """Of an agent's task, in which it does as it learned to."""
    task = task_options(agent.config)
    return Recorder(
        world, lambda first, count: record_agent(agent, world, first, count, seed), mover, _longest(world, task), task
    )


def _longest(world: World, task: Mapping[str, Any]) -> int:
    """Views that an episode of a task has at most."""
    env = TapedVectorEnv(1, world=world, **task)
    return 1 + int(min(env.max_episode_steps, env.task.length or env.max_episode_steps))
