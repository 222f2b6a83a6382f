"""Writing a picture bank: chunks of pictures are added to its files, and its header comes last."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.lib import format as npy

from .banks import Skipped
from .content_hash import PictureHash
from .listing import Chunk
from .moments import count_levels, moments

VERSION = 4
HEADER = "bank.json"
PICTURES = "pictures"
LABELS = "labels"
NAMES = "names"
CHECKSUMS = "checksums"


class BankWriter:
    """The files of a bank in the making, whose pictures are on the disk as soon as they are added.

    Args:
        folder: of the bank, which holds nothing, or what an earlier writer left.
        size: side of the pictures in pixels.
        extras: names of the extras of every chunk.

    Attributes:
        count: pictures so far.
        failed: those that could not be read.
    """

    def __init__(self, folder: Path, size: int, extras: Sequence[str] = ()):
        self.folder = folder
        self.size = size
        self.count = 0
        self.failed: list[Skipped] = []
        self._extras = tuple(extras)
        self._columns: dict[str, list[np.ndarray]] = {name: [] for name in (LABELS, NAMES, CHECKSUMS, *extras)}
        self._levels, self._content = torch.zeros(3, 256, dtype=torch.int64), PictureHash()
        file = folder / f"{PICTURES}.npy"
        file.touch()
        self._stream = file.open("r+b")
        self._write_shape()
        self._start = self._stream.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._stream.close()

    def add(self, chunk: Chunk) -> np.ndarray:
        """Write the pictures of a chunk behind those that are there; their checksums, (K,) uint32."""
        checksums = picture_checksums(chunk.pictures)
        self._stream.write(chunk.pictures.data)
        self._note(chunk, checksums)
        return checksums

    def add_written(self, labels: np.ndarray, names: list[str], checksums: np.ndarray) -> None:
        """Take over a chunk that an earlier writer wrote here.

        Raises:
            ValueError: when its pictures are not there, or not as they were written.
        """
        pictures = np.zeros((len(labels), self.size, self.size, 3), np.uint8)
        read = self._stream.readinto(pictures.reshape(-1).data)
        if read != pictures.nbytes or not np.array_equal(picture_checksums(pictures), checksums):
            raise ValueError("pictures do not have their checksums")
        self._note(Chunk(pictures, labels, names, {}, []), checksums)

    def cut(self) -> None:
        """Drop what an earlier writer wrote behind the pictures that were taken over."""
        self._stream.seek(self._start + self.count * self.size * self.size * 3)
        self._stream.truncate()

    def flush(self) -> None:
        """Have the disk keep what was added."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def finish(self, place: str, fingerprint: str, classes: Sequence[str], skipped: Sequence[Skipped]) -> None:
        """Write what is known about the pictures, of which there is at least one.

        Args:
            place: what the bank was made of, for messages.
            fingerprint: of that.
            classes: names of the classes.
            skipped: files that were no pictures to begin with.
        """
        self._stream.seek(0)
        self._write_shape()
        self.flush()
        arrays = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        for name, array in arrays.items():
            np.save(self.folder / f"{name}.npy", array, allow_pickle=False)
        mean, std = moments(self._levels)
        extras = {name: arrays[name] for name in self._extras}
        header = {
            "version": VERSION,
            "made_of": place,
            "fingerprint": fingerprint,
            "count": self.count,
            "size": self.size,
            "classes": tuple(classes),
            "mean": mean,
            "std": std,
            "arrays": [PICTURES, *arrays],
            "content_hash": self._content.text(self.size, arrays[LABELS], classes, extras),
            "checksums": {name: zlib.crc32((self.folder / f"{name}.npy").read_bytes()) for name in arrays},
            "skipped": [(entry.path, entry.reason) for entry in (*self.failed, *skipped)],
        }
        self._write_header(json.dumps(header))

    def _note(self, chunk: Chunk, checksums: np.ndarray) -> None:
        self.count += len(chunk.labels)
        self.failed += chunk.failed
        self._levels += count_levels(torch.from_numpy(chunk.pictures))
        self._content.add(chunk.pictures)
        names = np.array([name.encode("utf-8", "surrogateescape") for name in chunk.names], dtype=np.bytes_)
        columns = {LABELS: chunk.labels, NAMES: names, CHECKSUMS: checksums, **chunk.extras}
        for name, rows in columns.items():
            self._columns[name].append(rows)

    def _write_shape(self) -> None:
        """NumPy leaves room for the first number to grow, so that it can be written again."""
        kind, shape = npy.dtype_to_descr(np.dtype(np.uint8)), (self.count, self.size, self.size, 3)
        npy.write_array_header_1_0(self._stream, {"descr": kind, "fortran_order": False, "shape": shape})

    def _write_header(self, text: str) -> None:
        with (self.folder / HEADER).open("w", encoding="ascii") as stream:
            stream.write(f"{zlib.crc32(text.encode()):08x}\n{text}\n")
            stream.flush()
            os.fsync(stream.fileno())


def picture_checksums(pictures: np.ndarray) -> np.ndarray:
    """Of each picture, (K, S, S, 3) uint8 -> (K,) uint32."""
    return np.array([zlib.crc32(picture.data) for picture in pictures], dtype=np.uint32)


def check_room(folder: Path, count: int, size: int) -> None:
    """Refuse pictures for which there is no room.

    Raises:
        OSError: naming what they take, and what is left.
    """
    needed, free = count * size * size * 3, shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"a bank of {count} pictures of {size} pixels a side takes {needed / 1e9:.1f} GB, and {folder} "
            f"has {free / 1e9:.1f} GB left: make room, choose another folder, or a smaller size"
        )


def put_in_place(work: Path, path: Path) -> None:
    """Rename a complete bank to its path. Who has the former one open keeps it until it is closed."""
    if path.exists():
        former = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        path.rename(former / path.name)
        shutil.rmtree(former)
    work.rename(path)
