"""How a command is run from the shell: options by tyro, errors of the user's as one line."""

from __future__ import annotations

import sys
from typing import Protocol

import tyro

_USER_ERRORS = (ValueError, TypeError, FileNotFoundError, FileExistsError, PermissionError)


class Command(Protocol):
    """A dataclass of options that can be run."""

    def run(self) -> None: ...


def run_command(command: type[Command]) -> None:
    """Parse the options of one command from the shell, and run it."""
    run(tyro.cli(command))


def run(command: Command) -> None:
    """Run a command; an error that tells the user what to change is printed without a traceback, with exit code 2."""
    try:
        command.run()
    except _USER_ERRORS as error:
        sys.exit(f"saccadeworld: {error}")
