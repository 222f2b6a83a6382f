"""Progress of long work: a bar on a terminal, JSON lines where they are asked for, and otherwise nothing."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Iterable
from typing import Any, Literal, get_args

from tqdm import tqdm

Bar = tqdm
Progress = Literal["bar", "json"]
VARIABLE = "SACCADEWORLD_PROGRESS"
"""The environment variable that says how progress is told, here and in processes that are started from here."""
_SECONDS = 5.0  # between two lines of one activity


def told_as() -> Progress:
    """How progress is told.

    Raises:
        ValueError: when the environment variable says neither "bar" nor "json".
    """
    chosen = os.environ.get(VARIABLE, "bar")
    if chosen not in get_args(Progress):
        raise ValueError(f"{VARIABLE}={chosen!r} is not known; use one of {', '.join(map(repr, get_args(Progress)))}")
    return "json" if chosen == "json" else "bar"


def progress(over: Iterable[Any] | None = None, activity: str = "", **options: Any) -> Bar:
    """A bar of tqdm's: iterate over it, or `update` it and close it.

    With SACCADEWORLD_PROGRESS=json it writes lines to stderr in place of a bar, at most one in five seconds beside the
    first and the last: {"activity", "done", "total" (null where it is not known), "unit", "seconds", "note"}.

    Args:
        over: what to iterate over, if anything.
        activity: what is being done.
        options: of tqdm, such as `total`, `unit` and `delay`.
    """
    kind = _Lines if told_as() == "json" else tqdm
    return kind(over, desc=activity or None, disable=None, **options)


def tell(kind: Literal["warning", "error"], text: str) -> None:
    """One line on stderr, above a bar if there is one: "saccadeworld: TEXT", or {KIND: TEXT} among JSON lines."""
    if os.environ.get(VARIABLE) == "json":
        _write({kind: text})
    else:
        tqdm.write(f"saccadeworld: {'warning: ' if kind == 'warning' else ''}{text}", file=sys.stderr)


class _Lines(tqdm):
    """A bar that is not drawn but told."""

    def __init__(self, over: Iterable[Any] | None, **options: Any):
        self._told: tuple[float, Any] | None = None  # when, and what
        super().__init__(over, **options | {"disable": False, "file": io.StringIO(), "mininterval": _SECONDS})

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        facts = self.format_dict
        new = (facts["n"], facts["prefix"], facts["postfix"])
        if self._told is not None:
            told_at, told = self._told
            closing = self.disable  # as a bar is by then
            if new == told or (not closing and time.monotonic() < told_at + _SECONDS):
                return
        self._told = (time.monotonic(), new)
        _write(
            {
                "activity": (facts["prefix"] or "").removesuffix(": "),
                "done": _rounded(facts["n"]),
                "total": None if facts["total"] is None else _rounded(facts["total"]),
                "unit": facts["unit"].strip(),
                "seconds": _rounded(facts["elapsed"]),
                "note": facts["postfix"] or "",
            }
        )


def _rounded(number: float) -> float:
    return round(number, 3)


def _write(line: dict[str, Any]) -> None:
    print(json.dumps(line), file=sys.stderr, flush=True)
