"""What records episodes, chunk by chunk: rollouts of a policy, or a task and whoever acts in it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gymnasium.vector import VectorEnv

from ..envs.recordings.chunks import Chunk
from ..envs.recordings.rollouts import record_rollout
from ..envs.recordings.tape import Player, TapedVectorEnv, record_task
from ..envs.rollout import Policy
from ..envs.spaces import space_bytes
from ..envs.worlds import World

_CHUNK_BYTES = 64_000_000
_MOST_AT_ONCE = 4096  # episodes
Begin = Callable[[TapedVectorEnv], tuple[VectorEnv, Player]]
"""An environment as somebody sees it who is to act in it, and what chooses the actions."""


@dataclass(frozen=True)
class Recorder(ABC):
    """Records episodes of a world.

    Attributes:
        world: which.
        mover: who acts, in words.
        seed: of the first episode.
    """

    world: World
    mover: str
    seed: int

    @property
    @abstractmethod
    def length(self) -> int:
        """Views that an episode has at most."""

    @property
    @abstractmethod
    def least_length(self) -> int:
        """Views that an episode has at least."""

    @property
    @abstractmethod
    def view_bytes(self) -> int:
        """What a view takes in memory, with what is seen beside it."""

    @abstractmethod
    def make(self, first: int, count: int) -> Chunk:
        """The chunk of a first episode, by its number, and of as many episodes."""

    @property
    def at_once(self) -> int:
        """Episodes of a chunk, which bound the memory."""
        return max(1, min(_MOST_AT_ONCE, _CHUNK_BYTES // (self.length * self.view_bytes)))

    @property
    def least_bytes(self) -> int:
        """What an episode takes at least."""
        return self.least_length * math.prod(self.world.view_shape)


@dataclass(frozen=True)
class RolloutRecorder(Recorder):
    """Records rollouts.

    Attributes:
        policy: who moves.
        views: of each episode.
    """

    policy: Policy
    views: int

    @property
    def length(self) -> int:
        return self.views

    @property
    def least_length(self) -> int:
        return self.views

    @property
    def view_bytes(self) -> int:
        return math.prod(self.world.view_shape)

    def make(self, first: int, count: int) -> Chunk:
        return record_rollout(self.world, self.policy, self.views, first, count, self.seed)


@dataclass(frozen=True)
class TaskRecorder(Recorder):
    """Records a task.

    Attributes:
        task: what `SaccadeWorldVectorEnv` is made with beside the world.
        begin: who acts.

    Raises:
        TypeError, ValueError: for a task that does not fit the world, or who acts in it.
    """

    task: Mapping[str, Any]
    begin: Begin

    def __post_init__(self) -> None:
        self.begin(self.env())

    @property
    def length(self) -> int:
        env = self.env()
        return 1 + int(min(env.max_episode_steps, env.task.length or env.max_episode_steps))

    @property
    def least_length(self) -> int:
        return 2

    @property
    def view_bytes(self) -> int:
        return space_bytes(self.env().single_observation_space)

    def make(self, first: int, count: int) -> Chunk:
        return self.play(self.env(count), first)

    def env(self, rows: int = 1) -> TapedVectorEnv:
        """The task with so many episodes side by side."""
        return TapedVectorEnv(rows, world=self.world, **self.task)

    def play(self, tape: TapedVectorEnv, first: int) -> Chunk:
        """The first episode of every row of an environment of the task; `first` is the number of row 0's."""
        seen, player = self.begin(tape)
        return record_task(tape, player, first, self.seed, seen)
