"""Environments that remember for their agents: the last views of every row, and the actions between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from torch import Tensor, cat, from_numpy

from ..envs.batches import masked, present, read_actions
from ..envs.checks import check_name, check_whole
from ..envs.spaces import batch_spaces
from ..envs.tasks import Rows
from ..envs.tasks.task import GLIMPSE
from ..envs.vector_env import Output, SaccadeWorldVectorEnv
from .memory import Memory, Seen

Bonus = Callable[[Rows, Seen, Seen], Tensor]
"""A reward beside the task's: the rows before an action, what they had seen and what they have seen now -> (N,)."""

GOAL = "goal"
VIEWS = (GLIMPSE, GOAL)


class RememberingVectorEnv(VectorWrapper, ABC):
    """A vector environment whose observations are made of what every row has seen; subclasses say how.

    Args:
        env: the native vector environment, with `output="torch"` and autoreset mode SAME_STEP, for a task that shows
            its views.
        memory: how many views are remembered at most.
        bonus: what is added to the task's rewards.
        output: "numpy" arrays, or "torch" tensors on the world's device.

    Raises:
        TypeError: for another environment.
        ValueError: for an environment in another mode or of a task that hides the views, or values out of range.
    """

    def __init__(self, env: VectorEnv, memory: int, bonus: Bonus | None, output: Output):
        check_name("output", output, ("numpy", "torch"))
        check_whole("memory", memory, 1)
        self.base = _check_env(env)
        self.world = self.base.world
        super().__init__(env)
        self.memory_size, self.bonus, self.output = memory, bonus, output
        self.metadata = self.base.metadata | {"torch": output == "torch"}
        self._seen: Seen | None = None
        self._goals: Tensor | None = None

    @abstractmethod
    def encode(self, views: Tensor) -> Tensor:
        """What is remembered of views. (N, 3, H, W) uint8 -> (N, D)."""

    @abstractmethod
    def look_back(self, memory: Memory) -> Seen:
        """What is made of all that is remembered."""

    @abstractmethod
    def observe(self, seen: Seen, goals: Tensor | None) -> dict[str, Tensor]:
        """What takes the place of the views in an observation; the goals, (N, D), are encoded."""

    def looking(self) -> AbstractContextManager[object]:
        """What is entered while views are encoded and looked back at."""
        return nullcontext()

    def set_space(self, in_place_of_views: Mapping[str, spaces.Space]) -> None:
        """Set the spaces of observations: these entries, and those of the environment that are no views."""
        entries = {key: entry for key, entry in self._entries.items() if key not in VIEWS}
        self.single_observation_space = spaces.Dict({**in_place_of_views, **entries})
        self.observation_space = batch_spaces(self.single_observation_space, self.num_envs)

    @property
    def shows_goal(self) -> bool:
        """Whether the task does."""
        return GOAL in self._entries

    @property
    def seen(self) -> Seen:
        """What all rows have seen: a value, which no later step changes.

        Raises:
            RuntimeError: before the first reset.
        """
        if self._seen is None:
            raise RuntimeError("the environment has no episode yet: call reset() first")
        return self._seen

    @property
    def goals(self) -> Tensor | None:
        """(N, D), of tasks that show them, encoded."""
        return self._goals

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """As the environment's own."""
        observation, info = self.base.reset(seed=seed, options=options)
        begun = self._begun()
        with self.looking():
            self._begin(begun, self.encode(observation[GLIMPSE][begun]), observation)
        return present(self._replace(observation, self.seen), self.output), self._hand_out(info)

    def step(self, actions: Any) -> tuple[dict[str, Any], Any, Any, Any, dict[str, Any]]:
        """As the environment's own; `info["final_obs"]`, too, is made of what was seen."""
        rows, before = self.base.rows, self.seen
        observation, rewards, terminations, truncations, info = self.base.step(actions)
        sent = self.base.task.commands(rows, read_actions(actions, self.base.action_space).to(self.world.device))
        with self.looking():
            if "final_obs" not in info:
                z = self.encode(observation[GLIMPSE])
                after = self._seen = self.look_back(before.memory.after(sent, z))
            else:
                last, ended = info["final_obs"], self._begun()
                views = cat([observation[GLIMPSE], last[GLIMPSE][ended]])
                z, last_z = self.encode(views).split([self.num_envs, len(ended)])
                after = self._seen = self.look_back(before.memory.after(sent, z.index_copy(0, ended, last_z)))
                info = info | masked({"final_obs": self._replace(last, after)}, info["_final_obs"])
                self._begin(ended, z[ended], observation)
            if self.bonus is not None:
                rewards = rewards + self.bonus(rows, before, after)
        outcome = (rewards, terminations, truncations)
        if self.output == "numpy":
            outcome = tuple(part.cpu().numpy() for part in outcome)
        return present(self._replace(observation, self.seen), self.output), *outcome, self._hand_out(info)

    def _begin(self, rows: Tensor, z: Tensor, observation: Mapping[str, Tensor]) -> None:
        """Start with the first views of some rows, (R,) int64, of which (R, D) is remembered."""
        fresh = self.look_back(Memory.begin(z, self.memory_size, self.world.action_dim))
        self._seen = fresh if self._seen is None else self._seen.put(rows, fresh)
        if self.shows_goal:
            goals = self.encode(observation[GOAL][rows])
            self._goals = goals if self._goals is None else self._goals.index_copy(0, rows, goals)

    def _begun(self) -> Tensor:
        """The rows whose episode has just begun, (R,) int64."""
        return from_numpy(np.flatnonzero(self.base.begun)).to(self.world.device, non_blocking=True)

    def _replace(self, observation: Mapping[str, Tensor], seen: Seen) -> dict[str, Tensor]:
        others = {key: value for key, value in observation.items() if key not in VIEWS}
        return self.observe(seen, self._goals) | others

    def _hand_out(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """An info of tensors, some of them in dictionaries."""
        if self.output == "torch":
            return dict(info)
        return {
            key: self._hand_out(value) if isinstance(value, Mapping) else value.cpu().numpy()
            for key, value in info.items()
        }

    @property
    def _entries(self) -> Mapping[str, spaces.Space]:
        space = self.base.single_observation_space
        assert isinstance(space, spaces.Dict)
        return space.spaces


def vector(width: int) -> spaces.Box:
    """The space of embeddings."""
    return spaces.Box(-np.inf, np.inf, (width,), np.float32)


def _check_env(env: VectorEnv) -> SaccadeWorldVectorEnv:
    if not isinstance(env, SaccadeWorldVectorEnv):
        raise TypeError(f"{env} is not the native vector environment: give that of gym.make_vec itself, unwrapped")
    if env.output != "torch" or env.autoreset_mode != AutoresetMode.SAME_STEP:
        given = f"output={env.output!r}, autoreset_mode={env.autoreset_mode.value!r}"
        raise ValueError(f'the environment must have output="torch" and autoreset_mode="SameStep", got {given}')
    if not env.task.observe_view:
        raise ValueError(f"the task {env.task.name!r} hides its views here, so that there is nothing to look back at")
    return env
