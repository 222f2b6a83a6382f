"""How a command is run from the shell: options by tyro, errors of the user's as one line."""

from __future__ import annotations

import sys
from typing import Protocol

import tyro

from ..seqjepa.training import DivergedError

_USER_ERRORS = (ValueError, TypeError, OSError, DivergedError)
_USAGE, _INTERRUPTED = 2, 130  # exit codes, as shells and their tools have them


class Command(Protocol):
    """A dataclass of options that can be run."""

    def run(self) -> None: ...


def run_command(command: type[Command]) -> None:
    """Parse the options of one command from the shell, and run it."""
    run(tyro.cli(command, prog=f"saccadeworld {command.__name__.lower()}"))


def run(command: Command) -> None:
    """Run a command; an error that tells the user what to change is printed without a traceback, with exit code 2."""
    try:
        command.run()
    except _USER_ERRORS as error:
        print(f"saccadeworld: {error}", file=sys.stderr)
        sys.exit(_USAGE)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
