"""The flat columns of HDF5 that stable-worldmodel reads: a row for every view, the episodes one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..whole_files import check_room, whole
from .chunks import Chunk, row_bytes
from .packages import package
from .reader import Kind, Kinds, check_kind

if TYPE_CHECKING:
    import h5py

LENGTHS, OFFSETS = "ep_len", "ep_offset"
_EPISODE_BYTES = 12
_SPARE = 1 << 20  # for what HDF5 itself needs


def write_hdf5(path: Path, chunks: Iterable[Chunk], episodes: int, rows: int) -> None:
    """Write chunks as one file with a data set per column, whole or not at all.

    Beside the columns of a `Chunk` it has "ep_len", (E,) int32, the rows of each episode, and "ep_offset", (E,) int64,
    its first row. Nothing is compressed, so that any rows are read at the speed of the disk.

    Args:
        path: of the file.
        chunks: in their order.
        episodes: E, of all chunks together.
        rows: R, of all chunks together.

    Raises:
        ImportError: without h5py.
        OSError: when it cannot be written.
    """
    h5py: Any = package("h5py")
    remaining = iter(chunks)
    first = next(remaining)
    size = row_bytes(first) * rows + _EPISODE_BYTES * episodes + _SPARE
    with whole(path) as new:
        check_room(new.parent, size)
        with h5py.File(new, "w", libver="latest") as file:
            _fill(file, chain([first], remaining), episodes, rows)


def _fill(file: h5py.File, chunks: Iterable[Chunk], episodes: int, rows: int) -> None:
    lengths = file.create_dataset(LENGTHS, (episodes,), np.int32)
    offsets = file.create_dataset(OFFSETS, (episodes,), np.int64)
    columns: dict[str, h5py.Dataset] = {}
    episode = row = 0
    for chunk in chunks:
        behind = episode + len(chunk.lengths)
        lengths[episode:behind] = chunk.lengths
        offsets[episode:behind] = row + chunk.lengths.cumsum() - chunk.lengths
        count = int(chunk.lengths.sum())
        for name, values in chunk.columns.items():
            if name not in columns:
                columns[name] = file.create_dataset(name, (rows, *values.shape[1:]), values.dtype)
            columns[name][row : row + count] = values
        episode, row = behind, row + count


class HDF5Reader:
    """The columns of a file that `write_hdf5` wrote, mapped into memory; see `Reader`.

    The numbers of a column must all be in this file, uncompressed: links and external storage lead to any file, and
    what is declared but was never stored takes memory when it is read, however small the file.

    Attributes:
        lengths: (E,) int64, rows of each episode.

    Args:
        path: of the file.
        kinds: the columns that are read.

    Raises:
        ImportError: without h5py.
        FileNotFoundError: when there is no such file.
        ValueError: for a file that is damaged, or no recording.
    """

    def __init__(self, path: Path, kinds: Kinds):
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing")
        self.path = path
        self.lengths = self._column(LENGTHS, (np.int32, ())).astype(np.int64)
        self._offsets = self._column(OFFSETS, (np.int64, ()))
        ends = self.lengths.cumsum()
        if self.lengths.min() < 1 or not np.array_equal(self._offsets, ends - self.lengths):
            raise ValueError(f"{path} is damaged: {LENGTHS} and {OFFSETS} do not tell where its episodes are")
        self._columns = {name: self._column(name, kind) for name, kind in kinds.items()}
        for name, column in self._columns.items():
            if len(column) != ends[-1]:
                raise ValueError(f"{path} is damaged: {len(column)} rows of {name!r} for {ends[-1]} of its episodes")

    def read(self, episodes: np.ndarray, starts: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """As `Reader.read`."""
        rows = (self._offsets[episodes] + starts)[:, None] + np.arange(count)
        return {name: column[rows] for name, column in self._columns.items()}

    def _column(self, name: str, kind: Kind) -> np.ndarray:
        h5py: Any = package("h5py")
        try:
            with h5py.File(self.path, "r") as file:
                if not isinstance(file.get(name, getlink=True), h5py.HardLink) or file.userblock_size:
                    raise ValueError(f"{self.path} has no column {name!r} of its own: is it a recording?")
                return self._mapped(file[name], name, kind)
        except (OSError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(f"{self.path} is no HDF5 file, or damaged: {error}") from error

    def _mapped(self, column: Any, name: str, kind: Kind) -> np.ndarray:
        place, found = f"{self.path}: the column {name!r}", getattr(column, "shape", None) or ()
        check_kind(place, getattr(column, "dtype", type(column).__name__), found, kind)
        size, start = math.prod(found) * column.dtype.itemsize, column.id.get_offset() or 0
        outside = column.external is not None or column.is_virtual or start == 0
        if outside or size == 0 or start + size > self.path.stat().st_size:
            raise ValueError(
                f"{self.path}: the {size} bytes of the column {name!r} are not in this file: is it damaged?"
            )
        return np.memmap(self.path, kind[0], "r", start, found)
