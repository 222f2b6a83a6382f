"""saccadeworld environments: the ids that `gymnasium.make` knows, and the options of each task."""

from __future__ import annotations

from dataclasses import dataclass

from ..envs.registration import ANY, DEFAULT_EPISODE_STEPS, NAMED_ENVIRONMENTS
from ..envs.tasks import TASKS
from ..envs.worlds import WORLDS
from .command import run_command
from .scores import format_table


@dataclass(frozen=True)
class Environments:
    """List the environments by id: world, task, limit of actions, and what the task is about.

    For example: saccadeworld environments
    """

    def run(self) -> None:
        header = ["id", "world", "task", "actions", "about"]
        rows = [[ANY, "any", "any", str(DEFAULT_EPISODE_STEPS), f"world={_names(WORLDS)}, task={_names(TASKS)}"]]
        for named in NAMED_ENVIRONMENTS:
            task = TASKS[named.task]
            rows.append([named.id, named.world, named.task, str(named.max_episode_steps or "-"), _first_line(task)])
        print(format_table([header, *rows]))
        print("\nOptions of the tasks, beside those of the world, for gymnasium.make and make_vec:")
        for name, task in TASKS.items():
            print(f"  {name}: {', '.join(sorted(task.option_names()))}")


def _names(known: dict) -> str:
    return " | ".join(known)


def _first_line(task: type) -> str:
    return (task.__doc__ or "").splitlines()[0]


def main() -> None:
    run_command(Environments)


if __name__ == "__main__":
    main()
