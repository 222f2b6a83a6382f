"""What was found out about one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing.

    Attributes:
        about: the thing, in a word or two.
        state: "ok"; "warning", for what works within limits; "missing", for what is optional and not there; "broken",
            for what has to work and does not.
        text: what was found.
        remedy: what to do about it.
    """

    about: str
    state: State
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        told = f"{self.text}; {self.remedy}" if self.remedy else self.text
        return f"{self.state:<8} {self.about:<22} {told}"


def examine(about: str, check: Callable[[], Finding], remedy: str) -> Finding:
    """What a check finds; a check that fails found something broken."""
    try:
        return check()
    except Exception as error:
        reason = " ".join(str(error).split()) or "no reason given"
        return Finding(about, "broken", f"{type(error).__name__}: {reason}", remedy)
