"""Tasks: what an episode is about."""

from __future__ import annotations

from typing import Any

from ..worlds.world import World
from .free_viewing import FreeViewing
from .task import Outcome, Rows, Task

TASKS: dict[str, type[Task]] = {task.name: task for task in (FreeViewing,)}


def make_task(name: str, world: World, **options: Any) -> Task:
    """A task by name in a world; options as its class takes them.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in TASKS:
        raise ValueError(f"task={name!r} is not known; use one of {', '.join(map(repr, TASKS))}")
    return TASKS[name](world, **options)


__all__ = ["TASKS", "FreeViewing", "Outcome", "Rows", "Task", "make_task"]
