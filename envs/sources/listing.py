"""Pictures that a source knows of but has not read yet, and how they are read: a bounded number at a time."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ..checks import check_whole
from .banks import PictureSet, Skipped
from .picture_files import FORMATS
from .splits import warn_of_skipped

CHUNK = 256  # pictures


@dataclass(frozen=True)
class Listing:
    """N pictures of one split of a source.

    Attributes:
        place: where they are, for messages.
        labels: (N,) int64 indices into `classes`, -1 where the source does not know the class.
        classes: names of the classes.
        read: the picture of an index at a size, (size, size, 3) uint8 sRGB; called by several threads at a time. What
            it raises is the reason why the picture is left out.
        name: the name of the picture of an index: the path of its file, or another that is as good for messages.
        files: the files, or the folders of files, that the pictures are read from.
        extras: more about the picture of an index, by name; each an array of one shape and type.
        skipped: files that belong to no class or no split.
    """

    place: str
    labels: np.ndarray
    classes: tuple[str, ...]
    read: Callable[[int, int], np.ndarray]
    name: Callable[[int], str]
    files: Sequence[Path]
    extras: Mapping[str, Callable[[int], np.ndarray]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """A hash of what the pictures are read from: names, sizes and times of files, labels and classes."""
        digest = hashlib.sha256(self.labels.tobytes())
        digest.update("\0".join(self.classes).encode("utf-8", "surrogateescape"))
        for path in self.files:
            with suppress(FileNotFoundError):  # it is going to be skipped
                state = path.stat()
                size = 0 if path.is_dir() else state.st_size
                digest.update(f"\0{path.name}\0{size}\0{state.st_mtime_ns}".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Chunk:
    """Pictures that follow one another in a listing, as far as they could be read.

    Attributes:
        pictures: (K, size, size, 3) uint8.
        labels: (K,) int64.
        names: K of them.
        extras: (K, ...) each.
        failed: the others, and why.
    """

    pictures: np.ndarray
    labels: np.ndarray
    names: list[str]
    extras: dict[str, np.ndarray]
    failed: list[Skipped]


def read_chunks(listing: Listing, size: int, threads: int | None = None) -> Iterator[Chunk]:
    """All pictures of a listing, at most CHUNK at a time.

    Args:
        listing: of at least one picture.
        size: side of the squares, in pixels.
        threads: how many pictures are decoded at a time; by default one per core.

    Raises:
        ValueError: for a size below 1.
    """
    check_whole("size", size, 1)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for start in range(0, len(listing), CHUNK):
            yield _read_chunk(listing, size, range(start, min(start + CHUNK, len(listing))), pool)


def _read_chunk(listing: Listing, size: int, indices: range, pool: ThreadPoolExecutor) -> Chunk:
    pictures = np.empty((len(indices), size, size, 3), dtype=np.uint8)

    def read(row: int) -> str | dict[str, np.ndarray]:
        try:
            pictures[row] = listing.read(indices[row], size)
            return {name: get(indices[row]) for name, get in listing.extras.items()}
        except Exception as error:  # decoders fail on bad files in too many ways to name
            return str(error) or type(error).__name__

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on files that it then reads or refuses
        results = list(pool.map(read, range(len(indices))))
    good = [row for row, result in enumerate(results) if not isinstance(result, str)]
    extras = [result for result in results if not isinstance(result, str)]
    return Chunk(
        pictures if len(good) == len(indices) else pictures[good],
        listing.labels[indices.start : indices.stop][good],
        [listing.name(indices[row]) for row in good],
        {name: np.stack([extra[name] for extra in extras]) for name in listing.extras if extras},
        [Skipped(listing.name(i), why) for i, why in zip(indices, results, strict=True) if isinstance(why, str)],
    )


def read_all(listing: Listing, size: int, threads: int | None = None) -> PictureSet:
    """The pictures of a listing in memory; arguments as in `read_chunks`.

    Raises:
        TypeError, ValueError: for a size that is no whole number or below 1, and when none of them can be read.
    """
    check_whole("size", size, 1)
    pictures = torch.empty(len(listing), size, size, 3, dtype=torch.uint8)
    rows, count = pictures.numpy(), 0
    names: list[str] = []
    chunks = []
    for chunk in read_chunks(listing, size, threads):
        rows[count : count + len(chunk.labels)] = chunk.pictures
        count += len(chunk.labels)
        names += chunk.names
        chunks.append((chunk.labels, chunk.extras, chunk.failed))
    failed = [failure for _, _, some in chunks for failure in some]
    check_some_read(listing.place, count, failed)
    skipped = (*failed, *listing.skipped)
    warn_of_skipped(listing.place, skipped)
    labels = np.concatenate([labels for labels, _, _ in chunks])
    extras = {
        name: torch.from_numpy(np.concatenate([extra[name] for _, extra, _ in chunks if extra]))
        for name in listing.extras
    }
    return PictureSet(
        pictures[:count],
        torch.from_numpy(labels),
        listing.classes,
        skipped=skipped,
        extras=extras,
        place=listing.place,
        names=tuple(names),
    )


def check_some_read(place: str, count: int, failed: Sequence[Skipped]) -> None:
    """Refuse a place of which no picture could be read.

    Raises:
        ValueError: naming the first failure, if there was any.
    """
    if count == 0 and not failed:
        raise ValueError(f"{place} holds no pictures of this split: expected {', '.join(FORMATS)}")
    if count == 0:
        raise ValueError(
            f"none of the {len(failed)} pictures of {place} can be read, the first because: "
            f"{failed[0].reason} ({failed[0].path}); expected {', '.join(FORMATS)}"
        )
