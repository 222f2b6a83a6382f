"""Picture banks: the pictures of a source at one size, read once and kept in files that are mapped into memory.

A bank is a folder with `pictures.npy`, (N, S, S, 3) uint8, `labels.npy`, `names.npy` and one such file for each of the
extras, and `bank.json`, which says what the bank was made of. It may be larger than memory: it is made a chunk of
pictures at a time, and read a page at a time.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from filelock import FileLock
from numpy.lib import format as npy
from tqdm import tqdm

from .banks import PictureSet, Skipped
from .content_hash import PictureHash
from .listing import Listing, check_some_read, read_chunks
from .moments import Channels, count_levels, moments
from .splits import warn_of_skipped

VERSION = 3
_HEADER = "bank.json"
_PICTURES = "pictures"
_LABELS = "labels"
_NAMES = "names"
CHECKED_BYTES = 2**30
"""Of files as large as this all checksums are compared when they are opened, of larger ones those of a part."""


@dataclass(frozen=True)
class PictureBank(PictureSet):
    """Pictures in a bank: `pictures` is the file itself, mapped into memory for reading.

    A pickled bank is its path, so that it is opened again where it is unpickled.

    Attributes:
        path: the folder of the bank.
        fingerprint: of what it was made of, see `Listing.fingerprint`.
        known: mean and standard deviation, from when the bank was made.
        known_hash: of the content, from then too.
    """

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


def _encoded(names: Sequence[str]) -> np.ndarray:
    return np.array([name.encode("utf-8", "surrogateescape") for name in names], dtype=np.bytes_)


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
    path = Path(path)
    fingerprint = listing.fingerprint()
    bank, _ = _open_if_current(path, listing, size, fingerprint)
    if bank is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / f".{path.name}.lock"):
            bank, reason = _open_if_current(path, listing, size, fingerprint)  # another process may have made it
            if bank is None:
                if reason:
                    warnings.warn(f"the picture bank {path} is made anew: {reason}", stacklevel=2)
                build_bank(path, listing, size, fingerprint)
                bank = open_bank(path)
    warn_of_skipped(listing.place, bank.skipped)
    return bank


def _open_if_current(path: Path, listing: Listing, size: int, fingerprint: str) -> tuple[PictureBank | None, str]:
    """The bank, or None and what is wrong with it; nothing is wrong with one that is not there."""
    try:
        bank = open_bank(path)
    except FileNotFoundError:
        return None, ""
    except BrokenBank as error:
        return None, str(error)
    if bank.fingerprint != fingerprint or bank.pictures.shape[1] != size:
        return None, f"{listing.place} has changed since it was made"
    return bank, ""


def open_bank(path: str | Path, *, thorough: bool = False) -> PictureBank:
    """A bank whose files have the right lengths and checksums; of pictures of more than 1 GiB, chunks spread over them.

    Args:
        path: the folder of the bank.
        thorough: compare all checksums, however large the bank is.

    Raises:
        FileNotFoundError: there is no such folder.
        BrokenBank: naming what is wrong; delete the folder, so that the bank is made anew.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"no picture bank {path}: check the path")
    header = _read_header(path)
    try:
        count, size, chunks = header["count"], header["size"], header["chunks"]
        arrays = {name: _map(path, name, header["checksums"]) for name in header["arrays"]}
        pictures, labels, names = arrays.pop(_PICTURES), arrays.pop(_LABELS), arrays.pop(_NAMES)
        if pictures.shape != (count, size, size, 3) or pictures.dtype != np.uint8 or sum(n for n, _ in chunks) != count:
            raise BrokenBank(f"{path}: its pictures are {pictures.shape} {pictures.dtype}, not as its header says")
        if any(len(array) != count for array in (labels, names, *arrays.values())):
            raise BrokenBank(f"{path}: it has not as many labels as pictures")
        _check_labels(path, labels, names, header["classes"])
        moments = _numbers(header["mean"]), _numbers(header["std"])
        most = len(chunks) if thorough else checked_chunks(len(chunks), pictures.nbytes)
        _check_chunks(path, pictures, chunks, most)
        return PictureBank(
            as_tensor(pictures),
            torch.from_numpy(np.array(labels)),
            tuple(header["classes"]),
            skipped=tuple(Skipped(*entry) for entry in header["skipped"]),
            extras={name: torch.from_numpy(np.array(array)) for name, array in arrays.items()},
            place=str(header["made_of"]),
            names=_Names(names),
            path=path.absolute(),
            fingerprint=header["fingerprint"],
            known=moments,
            known_hash=header["content_hash"],
        )
    except BrokenBank:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenBank(f"{path}: its header is incomplete ({type(error).__name__}: {error})") from error


def build_bank(path: Path, listing: Listing, size: int, fingerprint: str) -> None:
    """Make a bank in a folder beside `path`, and put it in the place of whatever is at `path` once it is complete.

    No other process may be making it at the time.

    Raises:
        ValueError: when none of the pictures can be read.
        OSError: when there is no room, or no permission; nothing is left behind then.
    """
    for debris in path.parent.glob(f".{path.name}-*"):  # of a process that was killed
        shutil.rmtree(debris, ignore_errors=True)
    needed, free = len(listing) * size * size * 3, shutil.disk_usage(path.parent).free
    if needed > free:
        raise OSError(
            f"a bank of {len(listing)} pictures of {size} pixels a side takes {needed / 1e9:.1f} GB, and {path.parent} "
            f"has {free / 1e9:.1f} GB left: make room, choose another folder, or a smaller size"
        )
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write(work, listing, size, fingerprint)
        _put_in_place(work, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(folder: Path, listing: Listing, size: int, fingerprint: str) -> None:
    levels, content = torch.zeros(3, 256, dtype=torch.int64), PictureHash()
    chunks, failed = [], []
    columns: dict[str, list[np.ndarray]] = {name: [] for name in (_LABELS, _NAMES, *listing.extras)}
    with (
        (folder / f"{_PICTURES}.npy").open("wb") as stream,
        tqdm(total=len(listing), desc=f"bank of {listing.place}", unit=" pictures", disable=None, delay=2) as bar,
    ):
        _write_npy_header(stream, (0, size, size, 3))
        for chunk in read_chunks(listing, size):
            stream.write(chunk.pictures.data)
            chunks.append((len(chunk.labels), zlib.crc32(chunk.pictures.data)))
            levels += count_levels(torch.from_numpy(chunk.pictures))
            content.add(chunk.pictures)
            for name, rows in {_LABELS: chunk.labels, _NAMES: _encoded(chunk.names), **chunk.extras}.items():
                columns[name].append(rows)
            failed += chunk.failed
            bar.update(len(chunk.labels) + len(chunk.failed))
        count = sum(rows for rows, _ in chunks)
        check_some_read(listing, count, failed)
        stream.seek(0)
        _write_npy_header(stream, (count, size, size, 3))
        os.fsync(stream.fileno())
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    mean, std = moments(levels)
    header = {
        "version": VERSION,
        "made_of": listing.place,
        "fingerprint": fingerprint,
        "count": count,
        "size": size,
        "classes": listing.classes,
        "mean": mean,
        "std": std,
        "arrays": [_PICTURES, *columns],
        "content_hash": content.text(
            size, arrays[_LABELS], listing.classes, {name: arrays[name] for name in listing.extras}
        ),
        "checksums": {name: zlib.crc32((folder / f"{name}.npy").read_bytes()) for name in columns},
        "chunks": chunks,
        "skipped": [(entry.path, entry.reason) for entry in (*failed, *listing.skipped)],
    }
    _write_header(folder, header)


def _write_npy_header(stream: Any, shape: tuple[int, ...]) -> None:
    """NumPy leaves room for the first number to grow, so that the header can be written again."""
    descr = npy.dtype_to_descr(np.dtype(np.uint8))
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})


def _write_header(folder: Path, header: dict[str, Any]) -> None:
    text = json.dumps(header)
    with (folder / _HEADER).open("w", encoding="ascii") as stream:
        stream.write(f"{zlib.crc32(text.encode()):08x}\n{text}\n")
        stream.flush()
        os.fsync(stream.fileno())


def _read_header(path: Path) -> dict[str, Any]:
    try:
        checksum, text = (path / _HEADER).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise BrokenBank(f"{path} is no picture bank: {_HEADER} cannot be read ({error})") from error
    if checksum != f"{zlib.crc32(text.encode()):08x}":
        raise BrokenBank(f"{path}: {_HEADER} does not have the checksum that it was written with")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenBank(f"{path}: {_HEADER} is not valid JSON ({error})") from error
    version = header.get("version") if isinstance(header, dict) else None
    if version != VERSION:
        raise BrokenBank(f"{path} was made by another version: it has the format {version}, not {VERSION}")
    return header


def _put_in_place(work: Path, path: Path) -> None:
    """Rename a complete bank to its path. Who has the former one open keeps it until it is closed."""
    if path.exists():
        former = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        path.rename(former / path.name)
        shutil.rmtree(former)
    work.rename(path)


def _map(path: Path, name: str, checksums: Mapping[str, int]) -> np.ndarray:
    file = path / f"{name}.npy"
    if Path(name).name != name:
        raise BrokenBank(f"{path}: {name!r} is no name of an array")
    try:
        if name != _PICTURES and zlib.crc32(file.read_bytes()) != checksums[name]:
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


def _check_chunks(path: Path, pictures: np.ndarray, chunks: Sequence[tuple[int, int]], most: int) -> None:
    """Compare the checksums of chunks spread evenly, the first and the last among them."""
    ends = np.cumsum([rows for rows, _ in chunks])
    for k in spread(len(chunks), most):
        rows, checksum = chunks[k]
        if zlib.crc32(pictures[ends[k] - rows : ends[k]].data) != checksum:
            raise BrokenBank(f"{path}: pictures {ends[k] - rows} to {ends[k] - 1} do not have their checksum")


def as_tensor(array: np.ndarray) -> torch.Tensor:
    """The same memory as a tensor, which must not be written to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch has no tensors that are read-only
        return torch.from_numpy(array)
