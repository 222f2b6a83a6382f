"""Tasks: what an episode is about."""

from __future__ import annotations

from typing import Any

from ..checks import check_name
from ..worlds.world import World
from .free_viewing import FreeViewing
from .task import Outcome, Rows, Task

TASKS: dict[str, type[Task]] = {task.name: task for task in (FreeViewing,)}


def make_task(name: str, world: World, **options: Any) -> Task:
    """A task by name in a world; options as its class takes them.

    Raises:
        ValueError: for an unknown name.
    """
    check_name("task", name, TASKS)
    return TASKS[name](world, **options)


__all__ = ["TASKS", "FreeViewing", "Outcome", "Rows", "Task", "make_task"]
