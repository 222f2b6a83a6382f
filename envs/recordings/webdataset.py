"""Shards of WebDataset: tar files of a bounded size, in which every episode is a sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..whole_files import whole
from .chunks import EPISODE, LABEL, PER_EPISODE, STEP, Chunk
from .packages import package

_TAR_BLOCK = 1024  # bytes that tar adds to a file at most: its header, and its end up to a whole block


def write_webdataset(folder: Path, chunks: Iterable[Chunk], shard_size: int) -> None:
    """Write chunks as shards "000000.tar", "000001.tar" and so on in a folder, which is there whole or not at all.

    The sample of an episode has the number of the episode for its key, each column that differs from row to row as
    COLUMN.npy, the class as cls, and the number of rows, the label, the scene and the seed as json.

    Args:
        folder: that is made.
        chunks: in their order.
        shard_size: bytes that a shard has at most, unless it is a single sample.

    Raises:
        ImportError: without webdataset.
        OSError: when it cannot be written.
    """
    writer: Any = package("webdataset").TarWriter
    with whole(folder) as new:
        new.mkdir()
        for number, samples in enumerate(
            _shards((sample for chunk in chunks for sample in _samples(chunk)), shard_size)
        ):
            with writer(str(new / f"{number:06}.tar"), mtime=0) as shard:
                for sample in samples:
                    shard.write(sample)


def _samples(chunk: Chunk) -> Iterator[dict[str, Any]]:
    for rows in chunk.episode_slices():
        values = {name: column[rows] for name, column in chunk.columns.items()}
        constant = {name: int(values[name][0]) for name in PER_EPISODE}
        varying = {f"{name}.npy": values[name] for name in values if name not in (*PER_EPISODE, STEP)}
        described = {"rows": rows.stop - rows.start, **constant}
        yield {"__key__": f"{constant[EPISODE]:012}", **varying, "cls": constant[LABEL], "json": described}


def _shards(samples: Iterator[dict[str, Any]], size: int) -> Iterator[Iterator[dict[str, Any]]]:
    """The samples of each shard, which must be taken before the next shard is asked for."""
    waiting = next(samples, None)

    def fill() -> Iterator[dict[str, Any]]:
        nonlocal waiting
        taken = 0
        while waiting is not None and (taken == 0 or taken + _bytes(waiting) <= size):
            taken += _bytes(waiting)
            yield waiting
            waiting = next(samples, None)

    while waiting is not None:
        yield fill()


def _bytes(sample: dict[str, Any]) -> int:
    """At most what a sample takes in a tar file."""
    arrays = [value.nbytes for name, value in sample.items() if name.endswith(".npy")]
    return sum(arrays) + _TAR_BLOCK * (len(sample) + len(arrays))  # an array has a header of its own
