"""Ctrl-C that waits for the end of a step, so that what is saved is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # from a person, and from what a job runs under: torchrun, Slurm


class DeferredInterrupt:
    """While it is entered, the first Ctrl-C or SIGTERM only sets `requested`; the second interrupts at once.

    Outside the main thread, where Python allows no signal handlers, it does nothing.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous = {number: signal.getsignal(number) for number in _SIGNALS}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._request) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._previous.items():
                signal.signal(number, handler)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        for number in _SIGNALS:
            # Not the previous handler: a shell's background jobs begin with one that ignores Ctrl-C.
            signal.signal(number, signal.default_int_handler)
