"""Calls that are made in a process of their own: what either side does to its process does nothing to the other."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch


class OtherProcess:
    """Calls something in a process of its own, whenever it is called itself, and waits for it.

    Args:
        make: makes there what is called; a function of a module.
        arguments: of `make`.
    """

    def __init__(self, make: Callable[..., Callable[[], object]], *arguments: Any):
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        threads = torch.get_num_threads()
        self._process = context.Process(target=_serve, args=(there, threads, make, arguments), daemon=True)
        self._process.start()
        there.close()  # so that the end of the process is noticed here

    def __call__(self) -> None:
        """Wait for one call.

        Raises:
            RuntimeError: when the process has ended; what happened to it stands in its own output.
        """
        try:
            self._pipe.send(None)
            self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join()
            raise RuntimeError(f"the other process has ended with {self._process.exitcode}: see above") from error

    def __enter__(self) -> OtherProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, threads: int, make: Callable[..., Callable[[], object]], arguments: tuple) -> None:
    torch.set_num_threads(threads)
    call = make(*arguments)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        call()
        pipe.send(None)
