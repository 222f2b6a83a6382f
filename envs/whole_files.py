"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write a file or a folder at, which takes the place of `path` once it is complete.

    What a process that was killed has left there is cleared away first.

    Raises:
        OSError: when it cannot be written; nothing is left behind then.
    """
    new = path.with_name(f".new-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(new)
        yield new
        for entry in [new] if new.is_file() else [*new.rglob("*"), new]:
            flush(entry)
        if path.is_dir():
            shutil.rmtree(path)
        new.rename(path)
        flush(path.parent)
    except OSError as error:
        _remove(new)
        raise OSError(error.errno, f"{path} cannot be written: {error.strerror or error}") from error
    except BaseException:
        _remove(new)
        raise


def check_room(folder: Path, size: int) -> None:
    """Make sure that the disk has room for so many bytes more: HDF5 does not survive a disk that is full.

    Raises:
        OSError: when it has not.
    """
    with tempfile.TemporaryFile(dir=folder) as stream:
        os.posix_fallocate(stream.fileno(), 0, size)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Make sure that what was written reaches the disk, before it is renamed."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
