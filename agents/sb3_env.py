"""The vector environment of stable-baselines3, over a native one: no copies of an environment, no processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import Wrapper
from gymnasium.vector import AutoresetMode, VectorEnv
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn


class SB3VecEnv(VecEnv):
    """A vector environment of Gymnasium as stable-baselines3 takes it.

    An episode's end is told as there: the info of its row has "terminal_observation", "TimeLimit.truncated" and what
    the task reports of the last step, and the observation is already the first of the next episode, whose info is in
    `reset_infos`. Infos of other rows are empty, and nothing is done row by row until an episode ends. Rows are not
    environments of their own: attributes and methods are those of the whole.

    Args:
        env: of autoreset mode SAME_STEP and with NumPy output; a native one, or one seen through a model.

    Raises:
        TypeError: for what is no vector environment.
        ValueError: for another mode or output.
    """

    def __init__(self, env: VectorEnv):
        if not isinstance(env, VectorEnv):
            raise TypeError(f"{env} is no vector environment: make one by gym.make_vec")
        mode = env.metadata.get("autoreset_mode")
        if mode != AutoresetMode.SAME_STEP:
            resets = getattr(mode, "value", mode)
            raise ValueError(f"the environment resets in mode {resets!r}; make it with autoreset_mode='SameStep'")
        if env.metadata.get("torch"):
            raise ValueError("the environment hands out tensors, and agents take arrays; use output='numpy'")
        self.env = env
        self.metadata = env.metadata
        self._actions: np.ndarray | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> dict[str, np.ndarray]:
        """Start new episodes in all rows, with the seeds that `seed` has left, if any."""
        if any(self._options):
            given = self._options[0]
            self._reset_options()  # so that the next reset goes well
            raise ValueError(f"options of reset are not known here: {given}; call set_options() without any")
        seeds: Any = None if all(seed is None for seed in self._seeds) else self._seeds
        observation, info = self.env.reset(seed=seeds)
        self._reset_seeds()
        self.reset_infos = [_row(info, row) for row in range(self.num_envs)]
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        observation, rewards, terminations, truncations, info = self.env.step(self._actions)
        dones = terminations | truncations
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(dones).tolist():
            infos[row] = {
                **_row(info["final_info"], row),
                "terminal_observation": {key: value[row] for key, value in info["final_obs"].items()},
                "TimeLimit.truncated": bool(truncations[row] and not terminations[row]),
            }
            self.reset_infos[row] = _row(info, row)
        return observation, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        frames: Any = self.env.render()
        return [None] * self.num_envs if frames is None else list(frames)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.env, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        self._all(indices, f"setting {attr_name!r}")
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **options: Any) -> list[Any]:
        """What one call gives, for every row."""
        self._all(indices, f"calling {method_name!r}")
        return [getattr(self.env, method_name)(*args, **options)] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type[Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        return [False] * self._count(indices)

    def _count(self, indices: VecEnvIndices) -> int:
        return len(list(self._get_indices(indices)))

    def _all(self, indices: VecEnvIndices, what: str) -> None:
        if self._count(indices) != self.num_envs:
            raise ValueError(f"{what} for rows {indices} alone: rows share one environment; leave indices out")


def _row(info: Mapping[str, Any], row: int) -> dict[str, Any]:
    """What an info in Gymnasium's vector form tells of one row."""
    present: Iterable[str] = (key for key in info if not key.startswith("_") and bool(info[f"_{key}"][row]))
    return {key: info[key][row] for key in present if not isinstance(info[key], Mapping)}
