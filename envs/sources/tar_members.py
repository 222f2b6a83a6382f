"""What a tar file holds, by name and place, so that it can be read in any order.

Python's tarfile takes a damaged header, or the end of a file that was cut short, for the end of the archive; here these
are errors, as pictures would be missing silently. Names are texts and nothing else: no file is made of them.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BLOCK = 512
_LONGEST = 2**16  # bytes of a name, or of what else stands before a member
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_BEFORE = (*_PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_EMPTY = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


@dataclass(frozen=True)
class Member:
    """A file in a tar: its name, and the place of its first byte and how many there are."""

    name: str
    start: int
    size: int


def list_members(path: Path) -> Iterator[Member]:
    """The plain files in an uncompressed tar (ustar, GNU or pax), in their order.

    Raises:
        ValueError: for what is no tar, or was cut short or damaged, naming the last member before.
    """
    with path.open("rb") as stream:
        length = path.stat().st_size
        place, before, last = 0, {}, "its beginning"
        while True:
            header = _read(stream, place, _BLOCK)
            if header == bytes(_BLOCK):
                return
            info = _parsed(header, last)
            place += _BLOCK
            size = 0 if info.type in _EMPTY else int(before.get("size", info.size))
            if size < 0 or place + size > length:
                raise ValueError(
                    f"it was cut short: {before.get('path', info.name)!r} of {size} bytes is not all there"
                )
            if info.type in _BEFORE:
                before |= _note(info.type, _read(stream, place, _checked(size, last)))
            else:
                last = repr(before.get("path", info.name))
                if info.type in _PLAIN:
                    yield Member(before.get("path", info.name), place, size)
                before = {}
            place += -(-size // _BLOCK) * _BLOCK


def read_member(path: Path, member: Member) -> bytes:
    """The content of a member."""
    with path.open("rb") as stream:
        return _read(stream, member.start, member.size)


def _read(stream: BinaryIO, place: int, size: int) -> bytes:
    stream.seek(place)
    return stream.read(size)


def _parsed(header: bytes, last: str) -> tarfile.TarInfo:
    if len(header) < _BLOCK:
        raise ValueError(f"it was cut short, or is no tar file: it ends after {last} without a tar's last blocks")
    try:
        return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise ValueError(f"it is no uncompressed tar file, or damaged after {last}: {error}") from error


def _checked(size: int, last: str) -> int:
    if size > _LONGEST:
        raise ValueError(f"what follows {last} has a name or a note of {size} bytes")
    return size


def _note(kind: bytes, content: bytes) -> dict[str, str]:
    """What is said before a member about it: a name that is too long for a header, or pax's own size and name."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": content.split(b"\0")[0].decode("utf-8", "surrogateescape")}
    if kind not in _PAX:
        return {}
    notes = {}
    while content:
        length, _, rest = content.partition(b" ")
        if not length.isdigit() or not len(length) + 1 < int(length) <= len(content):
            raise ValueError(f"a note of its is damaged: {content[:20]!r}")
        key, _, value = rest[: int(length) - len(length) - 2].partition(b"=")
        notes[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        content = content[int(length) :]
    return {key: value for key, value in notes.items() if key in ("path", "size")}
