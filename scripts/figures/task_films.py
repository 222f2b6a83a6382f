"""Films of tasks: what a task shows as it is done, what is done, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ...envs.recordings.chunks import ACTION, REWARD, Chunk
from ...envs.recordings.tape import INFO, TapedVectorEnv
from ...envs.tasks import Rows, Task
from ...envs.vector_env import Observation
from .films import draw_frame, hold_last
from .strips import class_name


class WatchedVectorEnv(TapedVectorEnv):
    """A tape that remembers its rows at every step, too, so that they can be shown.

    Attributes:
        watched: the rows since the last reset of all rows, step by step.
    """

    watched: list[Rows]

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        self.watched = []
        return super().reset(seed=seed, options=options)

    def look(self, rows: Rows, observation: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
        self.watched.append(rows)
        return super().look(rows, observation)


def film_task(env: WatchedVectorEnv, chunk: Chunk) -> list[np.ndarray]:
    """The frames of the first episode of every row, one after the other: one for each view, the last of each twice.

    They show the panels of the task, as `render` does, with those of `film`; the line below tells the answer if one was
    given, the reward of the last action and of all so far, and the numbers that the task reports.

    Args:
        env: in which the episodes took place.
        chunk: the tape.

    Returns:
        (H, W, 3) uint8 each, of one size and even sides.
    """
    task, world = env.task, env.world
    frames = []
    for number, place in enumerate(chunk.episode_slices()):
        index = torch.tensor([number], device=world.device)
        rows = [rows.select(index) for rows in env.watched[: place.stop - place.start]]
        poses, scene = torch.cat([row.poses for row in rows]), int(rows[0].scenes[0])
        name = class_name(world, world.labels[scene])
        own = []
        for step, row in enumerate(rows):
            path = poses[: step + 1]
            line = told(task, chunk, place, step)
            own.append(draw_frame(world, scene, path, task.panels(row, path), name, line))
        frames += hold_last(own)
    return frames


def told(task: Task, chunk: Chunk, place: slice, step: int) -> str:
    """In words what the last of so many actions of an episode, whose rows are a slice of the chunk, has come to."""
    row, columns = place.start + step, chunk.columns
    parts = [f"after {step} action{'s' * (step != 1)}"]
    if step > 0:
        parts += _answer(task, columns[ACTION][row - 1])
        rewards = columns[REWARD][place.start + 1 : row + 1]
        parts.append(f"reward {rewards[-1]:.2f}, in all {rewards.sum():.2f}")
    reported = {name.removeprefix(INFO): column[row] for name, column in columns.items() if name.startswith(INFO)}
    parts += [f"{name} {_number(value)}" for name, value in reported.items() if np.ndim(value) == 0]
    return "; ".join(parts)


def _answer(task: Task, action: np.ndarray) -> list[str]:
    """What is said of an action that answers; nothing of others."""
    if not task.form.answer_count:
        return []
    answer = int(task.form.answers(torch.as_tensor(action)[None]))
    return [f"the answer is {task.world.classes[answer]}"] if answer >= 0 else []


def _number(value: Any) -> str:
    if isinstance(value, np.bool_):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, np.floating) else str(value)
