"""The native vector environment: N rows of one world, stepped by a handful of tensor operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Literal

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from .batches import masked, present, read_actions
from .checks import check_memory, check_name, check_options, check_whole
from .episode_numbers import EpisodeNumbers
from .screen import Window, check_render_mode, usable_render_modes
from .spaces import batch_spaces, space_bytes
from .tasks import Rows, Task, make_task, split_options, task_class
from .worlds import WORLDS, World, shared_world

Output = Literal["numpy", "torch"]
Observation = dict[str, Any]

_NEVER = np.iinfo(np.int64).max


class SaccadeWorldVectorEnv(VectorEnv):
    """N episodes of a task in a world, side by side.

    Row i of an environment reset with seed s is the single environment reset with seed s + i, bit for bit. A row's
    later episodes follow from its seed and their number.

    Deep copies share the world, which holds no episode. An environment can be pickled; its world is made again.

    Args:
        num_envs: N, rows.
        world: a name in `envs.worlds.WORLDS`, or a world (an `EnvSpec` with a world in it cannot be turned to JSON).
        task: a name in `envs.tasks.TASKS`, or a class of your own (which JSON cannot hold either).
        output: "numpy" arrays, or "torch" tensors on the world's device; actions may be either.
        autoreset_mode: a `gymnasium.vector.AutoresetMode` or its value ("NextStep", "SameStep", "Disabled"). With
            SameStep the last observation of an episode is in `info["final_obs"]`, batched like any observation, and
            its last info in `info["final_info"]`; `info["_final_obs"]` and `info["_final_info"]`, (N,) bool, tell the
            rows in which an episode has just ended.
        max_episode_steps: actions after which an episode is truncated; None or -1 for never.
        render_mode: None, "rgb_array" or "human".
        options: of the task, see its class; and with a world's name of the world and its source, see `make_world`.

    Raises:
        ValueError: for unknown names and values out of range.
        TypeError: for options that do not exist and values of a wrong type.
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
        task: str | type[Task] = "free-viewing",
        output: Output = "numpy",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ):
        self._window = Window(fps=self.metadata["render_fps"])  # first: what cannot be made is closed, too, at its end
        check_whole("num_envs", num_envs, 1)
        check_name("output", output, ("numpy", "torch"))
        if max_episode_steps not in (None, -1):
            check_whole("max_episode_steps", max_episode_steps, 1)
        if not isinstance(autoreset_mode, AutoresetMode):
            check_name("autoreset_mode", autoreset_mode, [mode.value for mode in AutoresetMode])
        check_render_mode(render_mode)
        self.num_envs = num_envs
        self.task = _make_task(task, world, options)
        self.world = self.task.world
        self.output = output
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.max_episode_steps = _NEVER if max_episode_steps in (None, -1) else max_episode_steps
        self.task.check_limit(self.max_episode_steps)
        self.render_mode = render_mode
        self.metadata = self.metadata | {
            "autoreset_mode": self.autoreset_mode,
            "render_modes": usable_render_modes(),
            "torch": output == "torch",
        }
        self.single_observation_space = self.task.observation_space
        self.single_action_space = self.task.action_space
        check_memory(f"num_envs={num_envs}", num_envs * space_bytes(self.single_observation_space))
        self.observation_space = batch_spaces(self.single_observation_space, num_envs)
        self.action_space = batch_spaces(self.single_action_space, num_envs)
        self._rows: Rows | None = None
        self._episodes = EpisodeNumbers(num_envs)
        # Steps and ends are known to the host too, so that truncation and autoreset never wait for the device.
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._ended = np.zeros(num_envs, dtype=bool)
        self._paths: list[list[Tensor]] = [[] for _ in range(num_envs)]

    @property
    def rows(self) -> Rows:
        """The running episodes: a value, which no later step changes.

        Raises:
            RuntimeError: before the first reset.
        """
        if self._rows is None:
            raise RuntimeError("the environment has no episode yet: call reset() first")
        return self._rows

    @property
    def begun(self) -> np.ndarray:
        """(N,) bool, the rows whose episode has just begun, as the host knows without asking the device."""
        return self._steps == 0

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start new episodes in all rows, or in those of `options["reset_mask"]`, (N,) bool.

        Args:
            seed: of row 0, row i having seed + i; or one seed per row. Without a seed a row goes on to the next
                episode of the seed it has, at first a random one.
            options: may hold "reset_mask".

        Returns:
            The observation of all rows, and the task's info on those that have been reset.

        Raises:
            TypeError, ValueError: for seeds or options that do not fit.
        """
        mask = self._reset_mask({} if options is None else options)
        given = self._episodes.given(seed)
        super().reset(seed=int(seed) if isinstance(seed, Integral) else None)
        self._episodes.restart(mask, given, self.np_random)
        self._begin(mask)
        self._show()
        return self._present(self.task.observe(self.rows)), self._info(mask)

    def step(self, actions: Any) -> tuple[Observation, Any, Any, Any, dict[str, Any]]:
        """Act in every row.

        Args:
            actions: (N, ...) numbers within the action space, NumPy or torch.

        Returns:
            observation, rewards (N,) float, terminations (N,) bool, truncations (N,) bool, the task's info. In
            NextStep mode a row whose episode has ended does not act but starts the next episode, with reward 0.

        Raises:
            TypeError: for actions that are not numbers.
            ValueError: for actions of another shape, out of bounds or not finite.
            RuntimeError: before the first reset, and in Disabled mode for rows that have ended and were not reset.
        """
        rows = self.rows
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise RuntimeError(f"rows {np.flatnonzero(self._ended).tolist()} have ended: reset them before step()")
        outcome = self.task.act(rows, self._read(actions))
        self._rows = rows.after(outcome)
        self._steps += 1
        self._trace(range(self.num_envs))
        rewards, terminations = outcome.rewards, self._on_host(outcome.terminations)
        if self._ended.any():
            rewards = rewards.masked_fill(self._on_device(self._ended), 0.0)
            terminations = terminations & ~self._ended
            self._episodes.advance(self._ended)
            self._begin(self._ended)
        truncations = self._steps >= self.max_episode_steps
        self._ended = terminations | truncations
        observation, final = self.task.observe(self.rows), {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            observation, final = self._begin_at_once(observation)
        self._show()
        observation = self._present(observation)
        info = self._info() | final
        if self.output == "torch":
            return observation, rewards, self._on_device(terminations), self._on_device(truncations), info
        return observation, rewards.cpu().numpy().astype(np.float64), terminations, truncations, info

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One frame per row, (H, W, 3) uint8; in mode "human" None, and the frames in a window.

        In mode "human" `reset` and `step` show the frames by themselves.

        Raises:
            RuntimeError: without a render mode, or before the first reset.
        """
        if self.render_mode is None:
            raise RuntimeError('render() needs an environment made with render_mode="rgb_array" or "human"')
        every = torch.arange(self.num_envs, device=self.world.device)
        rows = [self.rows.select(index) for index in every[:, None]]
        frames = tuple(self.task.frame(row, torch.stack(path)) for row, path in zip(rows, self._paths, strict=True))
        if self.render_mode == "human":
            return self._window.show(frames)
        return frames

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, if there is one."""
        self._window.close()

    def _read(self, actions: Any) -> Tensor:
        read = read_actions(actions, self.action_space)
        if read.is_meta and self.world.device.type != "meta":
            raise TypeError(f"actions on the device 'meta' have no values: give them on {str(self.world.device)!r}")
        self.task.form.check(read)  # where they are: on the host the message can name the row
        return read.to(self.world.device)

    def _reset_mask(self, options: dict[str, Any]) -> np.ndarray:
        if not isinstance(options, Mapping):
            raise TypeError(f"reset options are a dictionary, got {options!r}")
        unknown = [option for option in options if option != "reset_mask"]
        if unknown:
            raise ValueError(f"reset options {unknown} are not known; the only one is 'reset_mask'")
        if "reset_mask" not in options:
            return np.ones(self.num_envs, dtype=bool)
        mask = options["reset_mask"]
        mask = mask.cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"reset_mask must be ({self.num_envs},) bool with at least one True, got {mask!r}")
        if self._rows is None and not mask.all():
            raise ValueError("the first reset is of all rows: leave reset_mask out")
        return mask

    def _begin(self, mask: np.ndarray) -> Tensor:
        """Start the episodes, already numbered, of the rows in the mask; returns the indices of these rows."""
        seeds = self._episodes.seeds(mask, self.world.device)
        fresh = self.task.begin(seeds, self.world.draw_scenes(seeds))
        rows = np.flatnonzero(mask)
        index = self._on_device(rows)
        self._rows = fresh if self._rows is None else self._rows.put(index, fresh)
        self._steps[mask] = 0
        self._ended = self._ended & ~mask
        self._trace(rows, begin=True)
        return index

    def _begin_at_once(self, observation: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
        """Start the next episodes of the rows that have ended: their first observations, and the info on the last."""
        ended = self._ended
        final = {"final_obs": self._present(observation), "final_info": self._info(ended)}
        self._episodes.advance(ended)
        index = self._begin(ended)
        fresh = self.task.observe(self.rows.select(index))
        opening = {key: value.index_copy(0, index, fresh[key]) for key, value in observation.items()}
        return opening, masked(final, self._mask(ended))

    def _info(self, mask: np.ndarray | None = None) -> dict[str, Any]:
        """The task's info on the rows in the mask, or on all."""
        info = {key: value.clone() for key, value in self.task.info(self.rows).items()}
        if not info:
            return {}
        return masked(self._present(info), self._mask(np.ones(self.num_envs, bool) if mask is None else mask))

    def _trace(self, rows: Iterable[int], begin: bool = False) -> None:
        """Remember where the rows are, for `render`, and if they begin an episode, forget where they were."""
        if self.render_mode is not None:
            poses = self.rows.poses
            for row in rows:
                if begin:
                    self._paths[row] = []
                self._paths[row].append(poses[row])

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _present(self, batch: Mapping[str, Tensor]) -> dict[str, Any]:
        return present(batch, self.output)

    def _mask(self, mask: np.ndarray) -> np.ndarray | Tensor:
        return self._on_device(mask) if self.output == "torch" else mask

    def _on_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.world.device, non_blocking=True)

    def _on_host(self, flags: Tensor | None) -> np.ndarray:
        return np.zeros(self.num_envs, dtype=bool) if flags is None else flags.cpu().numpy()


def _make_task(task: str | type[Task], world: str | World, options: Mapping[str, Any]) -> Task:
    """A task with its own part of the options, in the world, which gets the rest."""
    of_task, of_world = split_options(task, options)
    kind = task_class(task)
    if isinstance(world, World):
        check_options(f"the task {kind.name!r} in a world that is made already", of_world, kind.option_names())
        return make_task(task, world, **of_task)
    check_name("world", world, WORLDS)
    known = kind.option_names() | WORLDS[world].option_names(of_world) | {"source"}
    check_options(f"the task {kind.name!r} in the world {world!r}", of_world, known)
    return make_task(task, shared_world(world, **of_world), **of_task)
