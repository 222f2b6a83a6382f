"""How a command is run from the shell: options by tyro, errors of the user's as one line."""

from __future__ import annotations

import re
import shlex
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Any, Protocol

import tyro

from ..envs.progress import tell
from .folder_lock import own_folder

# Of imports: what is to be installed; of memory: what there is not enough for; of floating point: a loss that diverged.
_USER_ERRORS = (ValueError, TypeError, OSError, ImportError, MemoryError, FloatingPointError)
_FAILED, _INTERRUPTED = 2, 130  # exit codes, as shells and their tools have them
_typed: ContextVar[Sequence[str]] = ContextVar("typed", default=())  # the words of the command that is running
_PATIENCE = 2.0  # seconds in which the rank that speaks gets to it, as torchrun ends the others when one has ended


class Command(Protocol):
    """A dataclass of options that can be run."""

    def run(self) -> None: ...


def run_command(command: type[Command]) -> None:
    """Parse the options of one command from the shell, and run it."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", command.__name__).lower()
    run(tyro.cli(command, prog=f"saccadeworld {name}"), [name, *sys.argv[1:]])


def command_line(command: Command) -> str:
    """How to run a command again: as it was typed, quoted for the shell, or, where Python called it, as a call."""
    typed = _typed.get()
    return shlex.join(["saccadeworld", *typed]) if typed else f"{command!r}.run()"


def run(command: Command, typed: Sequence[str] = ()) -> None:
    """Run a command, alone in its folder `out` unless it says `shares_out`, with its warnings as one line each.

    An error that tells the user what to change is printed as one line, without a traceback and once however many ranks
    meet it; the exit code is 2 then, and 130 after Ctrl-C.

    Args:
        command: with its options.
        typed: the words that it was parsed from, its name first.
    """
    _typed.set(typed)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        out = getattr(command, "out", None)
        alone = nullcontext() if out is None or getattr(command, "shares_out", False) else own_folder(out)
        try:
            with alone:
                command.run()
        except _USER_ERRORS as error:
            if _speaks():
                tell("error", str(error))
            else:
                time.sleep(_PATIENCE)
            sys.exit(_FAILED)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)


def _speaks() -> bool:
    if "torch" not in sys.modules:  # without it there are no ranks, and not every command needs it
        return True
    from ..seqjepa.ranks import speaks

    return speaks()


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    if _speaks():
        tell("warning", str(message))
