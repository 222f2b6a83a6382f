"""Picture banks of shards: made shard by shard, so that what is there already is not read again after an interruption.

A world needs to know all of its pictures before its first episode: how many there are to draw from, their classes, mean
and deviation. And its scenes are drawn from all of them, so that the first batch of 256 looks into most of 147 shards.
So training begins when the bank is whole, while shards that are still to come are fetched as others are being decoded.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..progress import Bar, progress
from .bank_files import PictureBank, made_once
from .bank_writer import BankWriter, check_room, put_in_place
from .banks import Skipped
from .listing import CHUNK, check_some_read, read_chunks
from .shard_reader import read_ahead
from .shards import Shards

_JOURNAL = "journal"


def load_shard_bank(path: str | Path, shards: Shards, size: int) -> PictureBank:
    """The bank of shards, which is made if there is none; see `bank_files.load_bank`.

    What it is made in, a folder beside it, stays when that is cut off, and is gone on with the next time.

    Args:
        path: the folder of the bank; its parents are made.
        shards: what it is made of.
        size: side of the pictures, in pixels.

    Raises:
        FileNotFoundError, OSError: for a shard that is not there or cannot be fetched, and when the bank cannot be
            written.
        ValueError: for a shard that is damaged, or when none of the pictures can be read.
    """
    path, fingerprint = Path(path), shards.fingerprint()
    return made_once(path, shards.pattern, size, fingerprint, partial(_build, path, shards, size, fingerprint))


def _build(path: Path, shards: Shards, size: int, fingerprint: str) -> None:
    work = path.parent / f".{path.name}.part"
    try:
        _go_on(work, shards, size, fingerprint)
    except _BrokenPart:
        shutil.rmtree(work)
        _go_on(work, shards, size, fingerprint)
    put_in_place(work, path)


class _BrokenPart(ValueError):
    """What an earlier process left is of other shards, or not as it was written."""


def _go_on(work: Path, shards: Shards, size: int, fingerprint: str) -> None:
    """Make the bank in the folder `work`, from where an earlier process came to."""
    work.mkdir(exist_ok=True)
    for copy in work.glob("*.tar"):  # of a process that was killed
        copy.unlink()
    with BankWriter(work, size) as writer, (work / _JOURNAL).open("a+b") as journal:
        labels = _read_on(writer, journal, f"{fingerprint} {size}")
        left = shards.places[len(labels) :]
        with closing(read_ahead(left, work)) as files, _bar(shards, len(labels)) as bar:
            for place, file in zip(left, files, strict=True):
                entry = _add_shard(writer, shards, place, file)
                writer.flush()
                _append(journal, entry)
                labels.append(np.array(entry["labels"], np.int64))
                bar.update()
        check_some_read(shards.pattern, writer.count, writer.failed)
        writer.finish(shards.pattern, fingerprint, shards.classes(np.concatenate(labels)), ())
    (work / _JOURNAL).unlink()


def _bar(shards: Shards, done: int) -> Bar:
    count, title = len(shards.places), f"bank of {shards.pattern}"
    return progress(activity=title, total=count, initial=done, unit=" shards", delay=2)


def _add_shard(writer: BankWriter, shards: Shards, place: str, file: Path) -> dict[str, Any]:
    """The entry of the journal: all that is kept of the shard beside its pictures."""
    listing = shards.listing(place, file)
    check_room(writer.folder, len(listing), writer.size)
    before = len(writer.failed)
    writer.failed += listing.skipped
    entry: dict[str, Any] = {"labels": [], "names": [], "checksums": []}
    for chunk in read_chunks(listing, writer.size):
        entry["checksums"] += writer.add(chunk).tolist()
        entry["labels"] += chunk.labels.tolist()
        entry["names"] += chunk.names
    return entry | {"failed": [(skipped.path, skipped.reason) for skipped in writer.failed[before:]]}


def _read_on(writer: BankWriter, journal: BinaryIO, key: str) -> list[np.ndarray]:
    """Take over the shards that an earlier process was done with; the labels of each.

    Raises:
        _BrokenPart: when they are others, or their pictures not as they were written.
    """
    journal.seek(0)
    entries, labels = _entries(journal), []
    end = 0
    for entry in entries:
        if end == 0 and entry != key:
            raise _BrokenPart
        if end:
            labels.append(_take_over(writer, entry))
        end = journal.tell()
    journal.truncate(end)
    writer.cut()
    if end == 0:
        _append(journal, key)
    return labels


def _take_over(writer: BankWriter, entry: dict[str, Any]) -> np.ndarray:
    try:
        labels, checksums = np.array(entry["labels"], np.int64), np.array(entry["checksums"], np.uint32)
        writer.failed += [Skipped(*skipped) for skipped in entry["failed"]]
        for start in range(0, len(labels), CHUNK):
            part = slice(start, start + CHUNK)
            writer.add_written(labels[part], entry["names"][part], checksums[part])
    except (KeyError, TypeError, ValueError) as error:
        raise _BrokenPart from error
    return labels


def _append(journal: BinaryIO, entry: Any) -> None:
    text = json.dumps(entry).encode()
    journal.write(b"%08x %s\n" % (zlib.crc32(text), text))
    journal.flush()


def _entries(journal: BinaryIO) -> Iterator[Any]:
    """What was written whole; of the last line a process that was killed may have left a part."""
    while line := journal.readline():
        checksum, _, text = line.removesuffix(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
            return
        yield json.loads(text)
