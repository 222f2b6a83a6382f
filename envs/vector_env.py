"""The native vector environment: N rows of one world, stepped by a handful of tensor operations."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from torch import Tensor

from . import draws
from .screen import check_render_mode, show
from .tasks import Rows, make_task
from .worlds import World, make_world

Output = Literal["numpy", "torch"]
Observation = dict[str, Any]


@functools.lru_cache(maxsize=4)
def _shared_world(name: str, options: tuple[tuple[str, Any], ...]) -> World:
    """Worlds hold no episode, so environments of the same options share one and its bank of scenes."""
    return make_world(name, **dict(options))


class SaccadeWorldVectorEnv(VectorEnv):
    """N episodes of a task in a world, side by side.

    Row i of an environment reset with seed s is the single environment reset with seed s + i, bit for bit. A row's
    later episodes follow from its seed and their number.

    Args:
        num_envs: N, rows.
        world: a name in `envs.worlds.WORLDS`, or a world.
        task: a name in `envs.tasks.TASKS`.
        observe_pose: whether the pose is part of the observation.
        output: "numpy" arrays, or "torch" tensors on the world's device; actions may be either.
        autoreset_mode: a `gymnasium.vector.AutoresetMode` or its value ("NextStep", "SameStep", "Disabled"). With
            SameStep the last observation of an episode is in `info["final_obs"]`, batched like any observation;
            `info["_final_obs"]`, (N,) bool, tells the rows in which an episode has just ended.
        max_episode_steps: actions after which an episode is truncated; None for never.
        render_mode: None, "rgb_array" or "human"; `render` gives one frame per row.
        options: of the world and its source, see `make_world`; only with a world's name.

    Raises:
        ValueError: for unknown names and values out of range.
        TypeError: for options that the world does not have.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium's own convention)
        "render_modes": ["rgb_array", "human"],
        "render_fps": 4,
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        world: str | World = "images",
        task: str = "free-viewing",
        observe_pose: bool = True,
        output: Output = "numpy",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ):
        if num_envs < 1:
            raise ValueError(f"num_envs={num_envs}: there is at least 1 row")
        if output not in ("numpy", "torch"):
            raise ValueError(f'output={output!r} is not known; use "numpy" or "torch"')
        if max_episode_steps is not None and max_episode_steps < 1:
            raise ValueError(f"max_episode_steps={max_episode_steps}: an episode has at least 1 action")
        if isinstance(world, World) and options:
            raise TypeError(f"options {sorted(options)} are for a world given by name; this world is made already")
        check_render_mode(render_mode)
        self.num_envs = num_envs
        self.world = world if isinstance(world, World) else _shared_world(world, tuple(sorted(options.items())))
        self.task = make_task(task, self.world, observe_pose=observe_pose)
        self.output = output
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.max_episode_steps = max_episode_steps
        self.render_mode = render_mode
        self.metadata = self.metadata | {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = self.task.observation_space
        self.single_action_space = self.task.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds = np.full(num_envs, -1, dtype=np.int64)
        self._episodes = np.zeros(num_envs, dtype=np.int64)
        # Steps are counted on the host too, so that truncation never waits for the device.
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._ended = np.zeros(num_envs, dtype=bool)
        self._rows: Rows | None = None
        self._paths: list[list[Tensor]] = [[] for _ in range(num_envs)]

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start new episodes in all rows, or in those of `options["reset_mask"]`, (N,) bool.

        Args:
            seed: of row 0, row i having seed + i; or one seed per row. Without a seed a row goes on to the next
                episode of the seed it has, at first a random one.
            options: may hold "reset_mask"; anything else is an error.

        Returns:
            The observation of all rows, and an empty info.

        Raises:
            ValueError: for seeds or options that do not fit.
        """
        super().reset(seed=seed if isinstance(seed, int) else None)
        mask = self._reset_mask(options)
        self._number_episodes(self._row_seeds(seed), mask)
        self._begin(mask)
        self._ended = self._ended & ~mask
        return self._present(self.task.observe(self._check_ready())), {}

    def step(self, actions: Any) -> tuple[Observation, Any, Any, Any, dict[str, Any]]:
        """Act in every row: (N, A) float32 actions, NumPy or torch.

        Returns:
            observation, rewards (N,) float, terminations (N,) bool, truncations (N,) bool, info. In NextStep mode a
            row whose episode has ended ignores its action and starts the next episode, with reward 0.

        Raises:
            ValueError: for actions of another shape, out of bounds or not finite.
            RuntimeError: before the first reset, and in Disabled mode for rows that have ended and were not reset.
        """
        rows = self._check_ready()
        waiting = self._ended
        outcome = self.task.act(rows, self._check_actions(actions))
        rows.steps = rows.steps + 1
        rows.poses = self.world.settle(outcome.poses, rows.seeds, rows.steps)
        self._steps += 1
        terminations = self._host_flags(outcome.terminations)
        truncations = self._steps >= (self.max_episode_steps or np.iinfo(np.int64).max)
        rewards = outcome.rewards
        if waiting.any():
            self._begin_next(waiting)
            rewards = rewards.masked_fill(self._flags(waiting), 0.0)
            terminations, truncations = terminations & ~waiting, truncations & ~waiting
        self._trace(~waiting)
        self._ended = terminations | truncations
        observation, info = self.task.observe(rows), {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            info = {"final_obs": self._present(observation), "_final_obs": self._ended}
            observation = self._begin_at_once(observation)
            self._ended = np.zeros_like(self._ended)
        if self.output == "torch":
            return observation, rewards, self._flags(terminations), self._flags(truncations), info
        return self._present(observation), rewards.cpu().numpy().astype(np.float64), terminations, truncations, info

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One frame per row, (H, W, 3) uint8, or None and a window in mode "human".

        Raises:
            RuntimeError: without a render mode, or before the first reset.
        """
        if self.render_mode is None:
            raise RuntimeError('render() needs an environment made with render_mode="rgb_array" or "human"')
        if self._rows is None:
            raise RuntimeError("render() was called before reset()")
        scenes = self._rows.scenes.tolist()
        frames = tuple(self.world.frame(s, torch.stack(path)) for s, path in zip(scenes, self._paths, strict=True))
        if self.render_mode == "human":
            return show(frames, fps=self.metadata["render_fps"])
        return frames

    def _check_ready(self) -> Rows:
        if self._rows is None:
            raise RuntimeError("step() was called before reset()")
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise RuntimeError(f"rows {np.flatnonzero(self._ended).tolist()} have ended: reset them before step()")
        return self._rows

    def _check_actions(self, actions: Any) -> Tensor:
        expected = (self.num_envs, self.world.action_dim)
        tensor = torch.as_tensor(actions, dtype=torch.float32, device=self.world.device)
        if tensor.shape != expected:
            raise ValueError(f"actions have shape {tuple(tensor.shape)}; the environment takes {expected}")
        self.world.check_actions(tensor)
        return tensor

    def _reset_mask(self, options: dict[str, Any] | None) -> np.ndarray:
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, dtype=bool)))
        if options:
            raise ValueError(f"reset options {sorted(options)} are not known; the only one is 'reset_mask'")
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"reset_mask must be ({self.num_envs},) bool with at least one True, got {mask!r}")
        if self._rows is None and not mask.all():
            raise ValueError("the first reset is of all rows: leave reset_mask out")
        return mask

    def _row_seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else list(seed or ())
        seeds = seeds or [None] * self.num_envs
        if len(seeds) != self.num_envs or any(s is not None and s < 0 for s in seeds):
            raise ValueError(f"seed={seed!r}: give one seed, or {self.num_envs} of them, each None or at least 0")
        return seeds

    def _number_episodes(self, seeds: list[int | None], mask: np.ndarray) -> None:
        """Settle seed and number of the next episode of the rows in the mask."""
        self._episodes[mask] += 1
        for i in np.flatnonzero(mask):
            if seeds[i] is not None or self._rows is None:
                self._seeds[i] = self.np_random.integers(2**31) if seeds[i] is None else seeds[i]
                self._episodes[i] = 0

    def _begin(self, mask: np.ndarray) -> Tensor:
        """Start the episodes, already numbered, of the rows in the mask; returns the indices of these rows."""
        seeds, episodes = (torch.from_numpy(a[mask]).to(self.world.device) for a in (self._seeds, self._episodes))
        seeds = draws.episode_seeds(seeds, episodes)
        scenes = self.world.draw_scenes(seeds)
        fresh = Rows(seeds, scenes, self.world.first_poses(seeds, scenes), torch.zeros_like(seeds))
        index = torch.from_numpy(np.flatnonzero(mask)).to(self.world.device)
        self._rows = fresh if self._rows is None else self._rows.put(index, fresh)
        self._steps[mask] = 0
        for i in np.flatnonzero(mask):
            self._paths[i] = []
        self._trace(mask)
        return index

    def _begin_next(self, mask: np.ndarray) -> Tensor:
        self._episodes[mask] += 1
        return self._begin(mask)

    def _begin_at_once(self, observation: Observation) -> Observation:
        """Start the next episode of the rows that have ended, and put its first observation in their place."""
        index = self._begin_next(self._ended)
        fresh = self.task.observe(self._check_ready().select(index))
        return {key: value.index_copy(0, index, fresh[key]) for key, value in observation.items()}

    def _trace(self, mask: np.ndarray) -> None:
        """Remember where the rows in the mask are, for `render`."""
        if self.render_mode is not None and self._rows is not None:
            for i in np.flatnonzero(mask):
                self._paths[i].append(self._rows.poses[i])

    def _present(self, observation: Observation) -> Observation:
        if self.output == "torch":
            return observation
        return {key: value.cpu().numpy() for key, value in observation.items()}

    def _flags(self, flags: np.ndarray) -> Tensor:
        return torch.from_numpy(flags).to(self.world.device)

    def _host_flags(self, flags: Tensor | None) -> np.ndarray:
        return np.zeros(self.num_envs, dtype=bool) if flags is None else flags.cpu().numpy()
