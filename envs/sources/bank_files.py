"""Picture banks: the pictures of a source at one size, read once and kept in files that are mapped into memory.

A bank is a folder with `pictures.npy`, (N, S, S, 3) uint8, `labels.npy`, `names.npy`, `checksums.npy`, (N,) uint32, of
each picture, and one such file for each of the extras, and `bank.json`, which says what the bank was made of. It may be
larger than memory: it is made a chunk of pictures at a time, and read a page at a time.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from ..json_files import fault
from ..progress import progress
from .bank_writer import (
    CHECKSUMS,
    HEADER,
    LABELS,
    NAMES,
    PICTURES,
    VERSION,
    BankWriter,
    check_room,
    put_in_place,
)
from .banks import PictureSet, Skipped
from .listing import CHUNK, Listing, check_some_read, read_chunks
from .moments import Channels
from .splits import warn_of_skipped

CHECKED_BYTES = 2**30
"""Of files as large as this all checksums are compared when they are opened, of larger ones those of a part."""


@dataclass(frozen=True)
class PictureBank(PictureSet):
    """Pictures in a bank: `pictures` is the file itself, mapped into memory for reading.

    A pickled bank is its path, so that it is opened again where it is unpickled.

    Attributes:
        checksums: (N,) uint32, of each picture.
        sound: (N,) bool, of which pictures the checksum has been compared; `check` adds to them.
        path: the folder of the bank.
        fingerprint: of what it was made of, see `Listing.fingerprint`.
        known: mean and standard deviation, from when the bank was made.
        known_hash: of the content, from then too.
    """

    checksums: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint32))
    sound: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    path: Path = Path()
    fingerprint: str = ""
    known: tuple[Channels, Channels] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    known_hash: str = ""

    @cached_property
    def moments(self) -> tuple[Channels, Channels]:
        return self.known

    @cached_property
    def content_hash(self) -> str:
        return self.known_hash

    def __reduce__(self) -> tuple[Any, ...]:
        return open_bank, (self.path,)

    def to(self, device: str | torch.device) -> PictureSet:
        """The same pictures on a device, where all are checked before they go elsewhere."""
        if self.pictures.device != torch.device(device):
            self.check(torch.arange(len(self.labels)))
        return super().to(device)

    def check(self, indices: Tensor) -> None:
        numbers = indices.numpy()
        fresh = self.sound[numbers]
        if not fresh.all():
            self._compare(np.unique(numbers[~fresh]))

    def _compare(self, numbers: np.ndarray) -> None:
        """The checksums of some pictures, by their numbers in ascending order."""
        pictures = self.pictures.numpy()
        for part in np.array_split(numbers, math.ceil(len(numbers) / CHUNK)):
            damaged = part[np.array([zlib.crc32(pictures[i].data) for i in part]) != self.checksums[part]]
            if len(damaged):
                first = damaged[0]
                raise BrokenBank(
                    f"{self.path}: picture {first} ({self.names[first]}) does not have the checksum that it was "
                    "written with: delete the folder, so that the bank is made anew"
                )
            self.sound[part] = True


class _Names(Sequence[str]):
    """Names in a file that is mapped into memory, decoded as they are asked for."""

    def __init__(self, encoded: np.ndarray):
        self._encoded = encoded

    def __len__(self) -> int:
        return len(self._encoded)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        found = self._encoded[index]
        return _Names(found) if isinstance(index, slice) else bytes(found).decode("utf-8", "surrogateescape")


class BrokenBank(ValueError):
    """A folder that is no bank, or no longer."""


def load_bank(path: str | Path, listing: Listing, size: int) -> PictureBank:
    """The bank of a listing, which is made if there is none.

    A bank that is broken, or was made of files that have changed since (by name, size or time of change) or at
    another size, is made anew, with a warning. Of several processes one makes it while the others wait.

    Args:
        path: the folder of the bank; its parents are made.
        listing: the pictures.
        size: side of the squares, in pixels.

    Raises:
        ValueError: when none of the pictures can be read.
        OSError: when the bank cannot be written; nothing is left behind then.
    """
    fingerprint = listing.fingerprint()
    build = partial(build_bank, Path(path), listing, size, fingerprint)
    return made_once(Path(path), listing.place, size, fingerprint, build)


def made_once(path: Path, place: str, size: int, fingerprint: str, build: Callable[[], None]) -> PictureBank:
    """The bank of what has this fingerprint, which `build` makes if there is none; see `load_bank`.

    Args:
        path: the folder of the bank.
        place: what it is made of, for messages.
        size: side of the pictures in pixels.
        fingerprint: of what it is made of.
        build: puts a bank at the path; of several processes one calls it while the others wait.
    """
    bank, _ = _open_if_current(path, place, size, fingerprint)
    if bank is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / f".{path.name}.lock"):
            bank, reason = _open_if_current(path, place, size, fingerprint)  # another process may have made it
            if bank is None:
                if reason:
                    warnings.warn(f"the picture bank {path} is made anew: {reason}", stacklevel=3)
                build()
                bank = open_bank(path)
    warn_of_skipped(place, bank.skipped)
    return bank


def _open_if_current(path: Path, place: str, size: int, fingerprint: str) -> tuple[PictureBank | None, str]:
    """The bank, or None and what is wrong with it; nothing is wrong with one that is not there."""
    try:
        bank = open_bank(path)
    except FileNotFoundError:
        return None, ""
    except BrokenBank as error:
        return None, str(error)
    if bank.fingerprint != fingerprint or bank.pictures.shape[1] != size:
        return None, f"{place} has changed since it was made"
    return bank, ""


def open_bank(path: str | Path, *, thorough: bool = False) -> PictureBank:
    """A bank whose files have the right lengths and checksums.

    Of more than 1 GiB of pictures, those of some spread over the file are compared now, and that of each other one
    when it is first looked at (`PictureBank.check`), as reading all would take minutes.

    Args:
        path: the folder of the bank.
        thorough: compare all checksums now, however large the bank is.

    Raises:
        FileNotFoundError: there is no such folder.
        BrokenBank: naming what is wrong; delete the folder, so that the bank is made anew.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"no picture bank {path}: check the path")
    header = _read_header(path)
    try:
        count, size = header["count"], header["size"]
        arrays = {name: _map(path, name, header["checksums"]) for name in header["arrays"]}
        pictures, labels, names, checksums = (arrays.pop(name) for name in (PICTURES, LABELS, NAMES, CHECKSUMS))
        if pictures.shape != (count, size, size, 3) or pictures.dtype != np.uint8:
            raise BrokenBank(f"{path}: its pictures are {pictures.shape} {pictures.dtype}, not as its header says")
        if any(len(array) != count for array in (labels, names, checksums, *arrays.values())):
            raise BrokenBank(f"{path}: it has not as many labels as pictures")
        _check_labels(path, labels, names, header["classes"])
        bank = PictureBank(
            as_tensor(pictures),
            torch.from_numpy(np.array(labels)),
            tuple(header["classes"]),
            skipped=tuple(Skipped(*entry) for entry in header["skipped"]),
            extras={name: torch.from_numpy(np.array(array)) for name, array in arrays.items()},
            place=str(header["made_of"]),
            names=_Names(names),
            checksums=np.array(checksums, dtype=np.uint32),
            sound=np.zeros(count, bool),
            path=path.absolute(),
            fingerprint=header["fingerprint"],
            known=(_numbers(header["mean"]), _numbers(header["std"])),
            known_hash=header["content_hash"],
        )
        blocks = math.ceil(count / CHUNK)
        for block in spread(blocks, blocks if thorough else checked_chunks(blocks, pictures.nbytes)):
            bank.check(torch.arange(block * CHUNK, min((block + 1) * CHUNK, count)))
        return bank
    except BrokenBank:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenBank(f"{path}: its header is incomplete ({fault(error)})") from error


def build_bank(path: Path, listing: Listing, size: int, fingerprint: str) -> None:
    """Make a bank in a folder beside `path`, and put it in the place of whatever is at `path` once it is complete.

    No other process may be making it at the time.

    Raises:
        ValueError: when none of the pictures can be read.
        OSError: when there is no room, or no permission; nothing is left behind then.
    """
    for debris in path.parent.glob(f".{path.name}-*"):  # of a process that was killed
        shutil.rmtree(debris, ignore_errors=True)
    check_room(path.parent, len(listing), size)
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write(work, listing, size, fingerprint)
        put_in_place(work, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(folder: Path, listing: Listing, size: int, fingerprint: str) -> None:
    with (
        BankWriter(folder, size, tuple(listing.extras)) as writer,
        progress(activity=f"bank of {listing.place}", total=len(listing), unit=" pictures", delay=2) as bar,
    ):
        for chunk in read_chunks(listing, size):
            writer.add(chunk)
            bar.update(len(chunk.labels) + len(chunk.failed))
        check_some_read(listing.place, writer.count, writer.failed)
        writer.finish(listing.place, fingerprint, listing.classes, listing.skipped)


def _read_header(path: Path) -> dict[str, Any]:
    try:
        checksum, text = (path / HEADER).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise BrokenBank(f"{path} is no picture bank: it has no {HEADER}") from None
    except (OSError, ValueError) as error:
        raise BrokenBank(f"{path} is no picture bank, or damaged: {HEADER} cannot be read ({error})") from error
    if checksum != f"{zlib.crc32(text.encode()):08x}":
        raise BrokenBank(f"{path}: {HEADER} does not have the checksum that it was written with")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenBank(f"{path}: {HEADER} is not valid JSON ({error})") from error
    version = header.get("version") if isinstance(header, dict) else None
    if version != VERSION:
        raise BrokenBank(f"{path} was made by another version: it has the format {version}, not {VERSION}")
    return header


def _map(path: Path, name: str, checksums: Mapping[str, int]) -> np.ndarray:
    file = path / f"{name}.npy"
    if Path(name).name != name:
        raise BrokenBank(f"{path}: {name!r} is no name of an array")
    try:
        if name != PICTURES and zlib.crc32(file.read_bytes()) != checksums[name]:
            raise BrokenBank(f"{file} does not have the checksum that it was written with")
        return np.load(file, mmap_mode="r", allow_pickle=False)
    except (BrokenBank, KeyError):
        raise
    except Exception as error:  # a damaged header of an array can raise anything
        raise BrokenBank(f"{file} cannot be read ({error})") from error


def _check_labels(path: Path, labels: np.ndarray, names: np.ndarray, classes: Any) -> None:
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise BrokenBank(f"{path}: its classes are no names")
    if names.ndim != 1 or names.dtype.kind != "S":
        raise BrokenBank(f"{path}: its names are {names.dtype} {names.shape}, not texts")
    if labels.ndim != 1 or labels.dtype != np.int64 or labels.min() < -1 or labels.max() >= len(classes):
        raise BrokenBank(f"{path}: its labels are not those of {len(classes)} classes")


def _numbers(values: Any) -> Channels:
    red, green, blue = map(float, values)
    if not math.isfinite(red + green + blue):
        raise ValueError(f"{values} are not finite")
    return red, green, blue


def checked_chunks(chunks: int, size: int) -> int:
    """How many chunks of a file of `size` bytes are compared with their checksums when it is opened."""
    return math.ceil(chunks * min(1.0, CHECKED_BYTES / max(size, 1)))


def spread(count: int, most: int) -> list[int]:
    """At most so many of the numbers below `count`, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist()


def as_tensor(array: np.ndarray) -> torch.Tensor:
    """The same memory as a tensor, which must not be written to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch has no tensors that are read-only
        return torch.from_numpy(array)
