"""Environments whose observations show the last views as they were: for agents without a world model."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import Tensor

from ..envs.tasks.task import GLIMPSE
from ..envs.vector_env import Output
from .memory import Memory, Seen
from .remembering_env import GOAL, RememberingVectorEnv

SENT = "sent"


class StackedVectorEnv(RememberingVectorEnv):
    """A vector environment whose observations hold the last K views and the actions between them.

    Observation: "glimpse", (K, 3, H, W) uint8, the newest view last and black ones where there were none yet; "sent",
    (K - 1, A) float32, the actions as they were commanded, for K > 1; "goal", (1, 3, H, W) uint8; and what is no view.

    Args:
        env: the native vector environment, with `output="torch"` and autoreset mode SAME_STEP, for a task that shows
            its views.
        memory: K.
        output: "numpy" arrays, or "torch" tensors on the world's device.

    Raises:
        TypeError: for another environment.
        ValueError: for an environment in another mode or of a task that hides the views, or values out of range.
    """

    def __init__(self, env: VectorEnv, *, memory: int = 8, output: Output = "numpy"):
        super().__init__(env, memory, None, output)
        entries: dict[str, spaces.Space] = {GLIMPSE: self._views(memory)}
        if memory > 1:
            low, high = self.world.action_low, self.world.action_high
            entries[SENT] = spaces.Box(low, high, (memory - 1, self.world.action_dim), np.float32)
        if self.shows_goal:
            entries[GOAL] = self._views(1)
        self.set_space(entries)

    def encode(self, views: Tensor) -> Tensor:
        """The views themselves."""
        return views.flatten(1)

    def look_back(self, memory: Memory) -> Seen:
        """The memory alone."""
        return Seen(memory, memory.actions.new_zeros(len(memory.z), 0))

    def observe(self, seen: Seen, goals: Tensor | None) -> dict[str, Tensor]:
        shape = self.world.view_shape
        entries = {GLIMPSE: seen.memory.z.unflatten(2, shape)}
        if self.memory_size > 1:
            entries[SENT] = seen.memory.actions.clamp(self.world.action_low, self.world.action_high)
        return entries if goals is None else entries | {GOAL: goals[:, None].unflatten(2, shape)}

    def _views(self, count: int) -> spaces.Box:
        return spaces.Box(0, 255, (count, *self.world.view_shape), np.uint8)
