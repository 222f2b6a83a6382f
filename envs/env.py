"""The single environment: the vector environment with one row."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from .batches import first, first_info
from .checks import check_options, check_whole
from .episode_numbers import SEED_BOUND
from .tasks import Task
from .vector_env import Observation, Output, SaccadeWorldVectorEnv
from .worlds import World


class SaccadeWorldEnv(gym.Env):
    """One episode of a task in a world at a time; arguments as in `SaccadeWorldVectorEnv`.

    What is observed, done, rewarded and reported, and which options there are, the task's class tells: see
    `envs.tasks`.
    """

    metadata: dict[str, Any] = SaccadeWorldVectorEnv.metadata

    def __init__(
        self,
        *,
        world: str | World = "images",
        task: str | type[Task] = "free-viewing",
        output: Output = "numpy",
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ):
        for option in ("num_envs", "autoreset_mode"):
            if option in options:
                raise TypeError(f"{option}={options[option]!r} is of vector environments: use gymnasium.make_vec")
        self._vector = SaccadeWorldVectorEnv(
            1,
            world=world,
            task=task,
            output=output,
            autoreset_mode=AutoresetMode.DISABLED,
            max_episode_steps=max_episode_steps,
            render_mode=render_mode,
            **options,
        )
        self.render_mode = render_mode
        self.metadata = self._vector.metadata
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space

    @property
    def world(self) -> World:
        """The world the episodes take place in."""
        return self._vector.world

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; see `SaccadeWorldVectorEnv.reset`. There are no reset options."""
        check_options("reset()", () if options is None else options, ())
        if seed is not None:
            check_whole("seed", seed, 0, SEED_BOUND - 1)  # Gymnasium would take no whole number of NumPy's
            seed = int(seed)
        super().reset(seed=seed)
        observation, info = self._vector.reset(seed=seed)
        return first(observation), first_info(info)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act; see `SaccadeWorldVectorEnv.step`."""
        try:
            shape = np.shape(action)
        except ValueError as error:
            raise ValueError(f"the action {action!r} has no shape; use {self.action_space.shape}: {error}") from error
        if shape != self.action_space.shape:
            raise ValueError(f"the action {action!r} has shape {shape}; use {self.action_space.shape}")
        batched = action[None] if hasattr(action, "shape") else np.asarray(action)[None]
        observation, rewards, terminations, truncations, info = self._vector.step(batched)
        reward, terminated, truncated = float(rewards[0]), bool(terminations[0]), bool(truncations[0])
        return first(observation), reward, terminated, truncated, first_info(info)

    def render(self) -> np.ndarray | None:
        """The frame of the episode so far, (H, W, 3) uint8; in mode "human" None, and the frame in a window."""
        frames = self._vector.render()
        return None if frames is None else frames[0]

    def close(self) -> None:
        """Close the window, if there is one."""
        self._vector.close()
