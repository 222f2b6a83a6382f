"""Tasks: what an episode is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..checks import check_name
from ..worlds.world import World
from .free_viewing import FreeViewing
from .homing import Homing
from .path_integration import PathIntegration
from .recognition import Recognition
from .search import Search
from .task import Outcome, Rows, Task

TASKS: dict[str, type[Task]] = {task.name: task for task in (FreeViewing, PathIntegration, Homing, Recognition, Search)}


def make_task(name: str, world: World, **options: Any) -> Task:
    """A task by name in a world; options as its class takes them.

    Raises:
        TypeError, ValueError: for an unknown name and for options that the task does not have or that do not fit.
    """
    check_name("task", name, TASKS)
    return TASKS[name](world, **options)


def split_options(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options by owner: those of a task by name, and the rest, which must be the world's.

    Raises:
        ValueError: for an unknown name.
    """
    check_name("task", name, TASKS)
    known = TASKS[name].option_names()
    rest = {option: value for option, value in options.items() if option not in known}
    return {option: value for option, value in options.items() if option in known}, rest


__all__ = [
    "TASKS",
    "FreeViewing",
    "Homing",
    "Outcome",
    "PathIntegration",
    "Recognition",
    "Rows",
    "Search",
    "Task",
    "make_task",
    "split_options",
]
