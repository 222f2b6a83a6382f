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


def task_class(task: str | type[Task]) -> type[Task]:
    """The class of a task by its name; a class, such as one of your own, is itself.

    Raises:
        ValueError: for an unknown name.
        TypeError: for a class that is no `Task`.
    """
    if isinstance(task, type):
        if not issubclass(task, Task):
            raise TypeError(f"task={task!r} is no subclass of saccadeworld.envs.tasks.Task")
        return task
    check_name("task", task, TASKS)
    return TASKS[task]


def make_task(task: str | type[Task], world: World, **options: Any) -> Task:
    """A task in a world by its name or its class; options as the class takes them.

    Raises:
        TypeError, ValueError: for an unknown task and for options that the task does not have or that do not fit.
    """
    return task_class(task)(world, **options)


def split_options(task: str | type[Task], options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options by owner: those of a task, and the rest, which must be the world's.

    Raises:
        TypeError, ValueError: for an unknown task.
    """
    known = task_class(task).option_names()
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
    "task_class",
]
