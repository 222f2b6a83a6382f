"""Shards of WebDataset: tar files of a bounded size, in which every episode is a sample."""

from __future__ import annotations

import io
import json
import math
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from ..checks import check_whole
from ..json_files import fault
from ..progress import progress
from ..sources.tar_members import Member, list_members
from ..whole_files import whole
from .chunks import EPISODE, LABEL, PER_EPISODE, STEP, Chunk
from .packages import package
from .reader import Kinds, check_kind

_ROWS = "rows"
_NPY_START = 10  # bytes before the text of an npy's header: magic, version, and the length of that
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
            with writer(str(new / _shard(number)), mtime=0) as shard:
                for sample in samples:
                    shard.write(sample)


def _samples(chunk: Chunk) -> Iterator[dict[str, Any]]:
    for rows in chunk.episode_slices():
        values = {name: column[rows] for name, column in chunk.columns.items()}
        constant = {name: int(values[name][0]) for name in PER_EPISODE}
        varying = {f"{name}.npy": values[name] for name in values if name not in (*PER_EPISODE, STEP)}
        described = {_ROWS: rows.stop - rows.start, **constant}
        yield {"__key__": _key(constant[EPISODE]), **varying, "cls": constant[LABEL], "json": described}


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


def _shard(number: int) -> str:
    return f"{number:06}.tar"


def _key(episode: int) -> str:
    return f"{episode:012}"


class WebDatasetReader:
    """The columns of shards that `write_webdataset` wrote; see `Reader`.

    All headers are read at first, which tell where the rows of each episode lie; the rows, when they are asked for.

    Attributes:
        lengths: (E,) int64, rows of each episode.

    Args:
        folder: of the shards.
        kinds: the columns that are read.

    Raises:
        FileNotFoundError: when a shard is missing.
        ValueError: for shards that are damaged, or no recording.
    """

    def __init__(self, folder: Path, kinds: Kinds):
        self.folder = folder
        self._kinds = {name: kind for name, kind in kinds.items() if name not in PER_EPISODE}
        self._rows: dict[str, tuple[int, ...]] = {}
        self._starts = {name: array("q") for name in self._kinds}
        self._constants = {name: array("q") for name in kinds if name in PER_EPISODE}
        self._shards, lengths = array("q"), array("q")
        shards = sum(1 for path in folder.glob("*.tar"))
        for number in progress(range(max(1, shards)), f"index of {folder}", delay=2):
            for length in self._read_headers(folder / _shard(number), len(lengths)):
                self._shards.append(number)
                lengths.append(length)
        self.lengths = np.array(lengths, np.int64)

    def read(self, episodes: np.ndarray, starts: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """As `Reader.read`."""
        values = {
            name: np.empty((len(episodes), count, *row), self._kinds[name][0]) for name, row in self._rows.items()
        }
        for i, (episode, start) in enumerate(zip(episodes.tolist(), starts.tolist(), strict=True)):
            path = self.folder / _shard(self._shards[episode])
            with path.open("rb", buffering=0) as shard:
                for name, column in values.items():
                    shard.seek(self._starts[name][episode] + start * column[i, 0].nbytes)
                    if shard.readinto(column[i]) < column[i].nbytes:
                        raise ValueError(f"{path} was cut short while it was in use")
        for name, constants in self._constants.items():
            values[name] = np.repeat(np.asarray(constants)[episodes, None], count, axis=1)
        return values

    def _read_headers(self, path: Path, first: int) -> Iterator[int]:
        """Find the rows of the episodes of a shard, of which the first has this number; the lengths of them."""
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: the shards of a recording are counted from {_shard(0)} on")
        try:
            with path.open("rb", buffering=0) as shard:
                samples = groupby(list_members(path), lambda member: member.name.partition(".")[0])
                for episode, (key, members) in enumerate(samples, first):
                    if key != _key(episode):
                        raise ValueError(f"where the episode {_key(episode)!r} should be is {key!r}")
                    yield self._read_sample(shard, {member.name.partition(".")[2]: member for member in members})
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise ValueError(f"{path} is damaged, or no shard of a recording: {fault(error)}") from error

    def _read_sample(self, shard: BinaryIO, members: dict[str, Member]) -> int:
        """Find the rows of an episode; how many there are."""
        described = json.loads(_read(shard, members["json"]))
        length = described[_ROWS]
        check_whole("rows", length, 1)
        for name, constants in self._constants.items():
            constants.append(described[name])
        for name, kind in self._kinds.items():
            member = members[f"{name}.npy"]
            dtype, shape, offset = _npy_header(_read(shard, member))
            check_kind(repr(member.name), dtype, shape, kind)
            row = self._rows.setdefault(name, shape[1:])
            if shape != (length, *row) or offset + math.prod(shape) * dtype.itemsize != member.size:
                raise ValueError(f"{member.name!r} of {member.size} bytes does not hold {length} rows of shape {row}")
            self._starts[name].append(member.start + offset)
        return length


_MOST_READ = 1024  # bytes of a member: all that describes an episode, or the numbers of a column


def _read(shard: BinaryIO, member: Member) -> bytes:
    shard.seek(member.start)
    return shard.read(min(member.size, _MOST_READ))


def _npy_header(content: bytes) -> tuple[np.dtype, tuple[int, ...], int]:
    """Of the first bytes of an npy, in version 1: the type and shape of its array, and where its numbers begin."""
    return _parsed(content[: _NPY_START + int.from_bytes(content[_NPY_START - 2 : _NPY_START], "little")])


@lru_cache
def _parsed(header: bytes) -> tuple[np.dtype, tuple[int, ...], int]:
    stream = io.BytesIO(header)
    if npy.read_magic(stream) != (1, 0):
        raise ValueError("an npy of a version that is not written here")
    shape, is_fortran, dtype = npy.read_array_header_1_0(stream)
    if is_fortran:
        raise ValueError("an npy in the order of Fortran")
    return dtype, shape, len(header)
