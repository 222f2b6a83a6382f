"""Episodes of a task in its vector environment as chunks of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor

from ..tasks import Rows
from ..tasks.task import GLIMPSE
from ..vector_env import Observation, SaccadeWorldVectorEnv
from .chunks import (
    ACTION,
    LABEL,
    MOVEMENT,
    PIXELS,
    POSE,
    REWARD,
    SCENE,
    SEED,
    TERMINATED,
    TRUNCATED,
    Chunk,
    no_action,
)

OBSERVATION, INFO = "observation_", "info_"
"""Before the names of what a task shows or reports beside view, pose and step."""
Player = Callable[[Any, Observation], Tensor]
"""Chooses the actions of all rows of an environment, (N, ...) as in its action space, given what they observe."""


class TapedVectorEnv(SaccadeWorldVectorEnv):
    """A vector environment that remembers the first episode of every row since the last reset of all rows.

    Args:
        num_envs: N, rows.
        options: of `SaccadeWorldVectorEnv`, but for output and autoreset mode, which are "torch" and SameStep.
    """

    def __init__(self, num_envs: int, **options: Any):
        super().__init__(num_envs, output="torch", autoreset_mode="SameStep", **options)
        self._end: tuple[Rows, Mapping[str, Tensor]] | None = None
        self._seen: list[dict[str, np.ndarray]] = []
        self._done: list[dict[str, np.ndarray]] = []
        self._lengths = np.zeros(num_envs, dtype=np.int64)
        self._start: Rows | None = None

    @property
    def is_over(self) -> bool:
        """Whether the first episode of every row has ended."""
        return bool((self._lengths > 0).all())

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """As `SaccadeWorldVectorEnv.reset`, of all rows."""
        observation, info = super().reset(seed=seed, options=options)
        self._start, self._lengths = self.rows, np.zeros_like(self._lengths)
        self._seen, self._done = [self.look(self.rows, observation)], []
        return observation, info

    def step(self, actions: Any) -> tuple[Observation, Any, Any, Any, dict[str, Any]]:
        """As `SaccadeWorldVectorEnv.step`."""
        read = self._read(actions)
        movements = self.task.commands(self.rows, read)
        self._end = None
        observation, rewards, terminations, truncations, info = super().step(actions)
        self._seen.append(self.look(*(self._end or (self.rows, observation))))
        done = {ACTION: read, MOVEMENT: movements, REWARD: rewards, TERMINATED: terminations, TRUNCATED: truncations}
        self._done.append({name: _on_host(values) for name, values in done.items()})
        ended = self._done[-1][TERMINATED] | self._done[-1][TRUNCATED]
        self._lengths[ended & (self._lengths == 0)] = len(self._seen)
        return observation, rewards, terminations, truncations, info

    def chunk(self, first: int) -> Chunk:
        """What is remembered, once it is over; `first` is the number of row 0's episode in the recording."""
        start, lengths = self._start, self._lengths
        assert start is not None
        assert self.is_over
        within = np.arange(len(self._seen)) < lengths[:, None]
        seen = {name: _by_row(self._seen, name)[within] for name in self._seen[0]}
        done = {name: _by_row(self._done, name) for name in self._done[0]}
        after = {name: _padded(done[name], (0, 1))[within] for name in (ACTION, MOVEMENT)}
        before = {name: _padded(done[name], (1, 0))[within] for name in (REWARD, TERMINATED, TRUNCATED)}
        ends = lengths.cumsum()
        for values in after.values():
            values[ends - 1] = no_action(values.dtype)
        before[REWARD][ends - lengths] = np.nan
        labels = self.world.labels[start.scenes]
        episodes = {LABEL: _on_host(labels), SCENE: _on_host(start.scenes), SEED: _on_host(start.seeds)}
        return Chunk.of(first, lengths, episodes, seen | after | before)

    def look(self, rows: Rows, observation: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
        """What is remembered of the rows at a step, (N, ...) each, by the name of its column."""
        columns = {POSE: rows.poses}
        for key, value in observation.items():
            if key == GLIMPSE:
                columns[PIXELS] = value
            elif key not in (self.world.pose_name, "step"):
                columns[OBSERVATION + key] = value
        columns |= {INFO + key: value for key, value in self.task.info(rows).items()}
        return {name: _on_host(_channels_last(value)) for name, value in columns.items()}

    def _begin_at_once(self, observation: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
        self._end = self.rows, observation
        return super()._begin_at_once(observation)


def record_task(tape: TapedVectorEnv, player: Player, first: int, seed: int, seen: VectorEnv | None = None) -> Chunk:
    """The first episode of every row of an environment.

    Args:
        tape: the environment.
        player: who acts.
        first: the number of row 0's episode in the recording.
        seed: of the recording's first episode.
        seen: the environment as the player sees it, wrapped; the tape itself when left out.
    """
    env = tape if seen is None else seen
    observation, _ = env.reset(seed=seed + first)
    while not tape.is_over:
        observation, *_ = env.step(player(env, observation))
    return tape.chunk(first)


def _by_row(steps: Sequence[Mapping[str, np.ndarray]], name: str) -> np.ndarray:
    """A column of all rows. -> (N, steps, ...)."""
    return np.stack([step[name] for step in steps], axis=1)


def _padded(values: np.ndarray, places: tuple[int, int]) -> np.ndarray:
    """With as many steps more before and behind. (N, steps, ...) -> (N, steps + 1, ...)."""
    return np.pad(values, [(0, 0), places, *[(0, 0)] * (values.ndim - 2)])


def _channels_last(values: Tensor) -> Tensor:
    """Pictures, (N, 3, H, W) uint8, as (N, H, W, 3); anything else as it is."""
    is_picture = values.dtype == torch.uint8 and values.ndim == 4
    return values.permute(0, 2, 3, 1) if is_picture else values


def _on_host(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
