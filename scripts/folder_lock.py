"""The folder of a run's results is one run's at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .results import prepare_folder

LOCK = ".lock"


@contextmanager
def own_folder(out: Path) -> Iterator[None]:
    """Keep a folder, which is made if need be, to this run; it is left without the lock, and not at all if empty.

    A run that is killed loses it. The processes that torchrun starts are one run, of which the first holds the folder.

    Raises:
        ValueError: when another run has it, or it cannot be written.
    """
    if int(os.environ.get("RANK", "0")) > 0:
        yield
        return
    prepare_folder(out)
    made = [place for place in (out, *out.parents) if not place.exists()]
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(f"--out {out} is in use by another run: wait for it, or choose another folder") from error
    try:
        yield
    finally:
        with suppress(OSError):  # the folder has become read-only
            (out / LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # something is in it
            for place in made:
                place.rmdir()
