"""CIFAR-100, in its binary and its Python version (Krizhevsky, "Learning multiple layers of features from tiny
images", 2009)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from ..checks import check_name
from ..json_files import fault
from .array_pickles import load_arrays
from .banks import Split
from .listing import Listing
from .picture_files import resize_square
from .published import DataSet, fetch_from_torchvision, find, there

SIDE = 32
_BYTES = 3 * SIDE * SIDE
_BINARY, _PYTHON = "cifar-100-binary", "cifar-100-python"
LABELS = {"fine": 100, "coarse": 20}


def list_cifar100(folder: Path, split: Split, *, labels: Literal["fine", "coarse"] = "fine") -> Listing:
    """One split of CIFAR-100: 50,000 pictures to train on, 10,000 to test.

    Args:
        folder: holds the binary version (train.bin, test.bin and the names of classes) or the Python version (train,
            test and meta), or the folder that either's archive unpacks to.
        split: "train" or "test".
        labels: "fine" for the 100 classes, "coarse" for the 20 superclasses.

    Raises:
        FileNotFoundError: naming the files that are missing.
        ValueError: for files of a wrong length or labels out of range, or a Python version that holds more than
            arrays in plain containers.
    """
    check_name("labels", labels, LABELS)
    binary = [f"{split}.bin", f"{labels}_label_names.txt"]
    python = [split, "meta"]
    place, read = find(folder, binary, [_BINARY]), _read_binary
    if place is None:
        place, read = find(folder, python, [_PYTHON]), _read_python
    if place is None:
        raise FileNotFoundError(
            f"{folder} holds no CIFAR-100: looked for {' and '.join(binary)} there and in {_BINARY}, and for "
            f"{' and '.join(python)} there and in {_PYTHON}; what is there: {there(folder)}"
        )
    planes, numbers, names = read(place, split, labels)
    if len(planes) == 0 or len(numbers) != len(planes):
        raise ValueError(f"{place} has {len(numbers)} labels for {len(planes)} pictures of {split!r}: fetch it again")
    if len(names) != LABELS[labels] or numbers.min() < 0 or numbers.max() >= len(names):
        raise ValueError(
            f"{place} has {len(names)} names for labels from {numbers.min()} to {numbers.max()}; "
            f"expected {LABELS[labels]} {labels} classes"
        )
    return Listing(
        place=str(place),
        labels=numbers.astype(np.int64),
        classes=tuple(names),
        read=lambda i, size: resize_square(np.ascontiguousarray(planes[i].transpose(1, 2, 0)), size),
        name=lambda i: f"{split}[{i}]",
        files=[place / (binary if read is _read_binary else python)[0]],
    )


_Content = tuple[np.ndarray, np.ndarray, list[str]]
"""Pictures (N, 3, 32, 32) uint8, labels (N,), names of the classes."""


def _read_binary(place: Path, split: Split, labels: str) -> _Content:
    """Records of a coarse label, a fine label and three planes, a byte each."""
    path = place / f"{split}.bin"
    count, rest = divmod(path.stat().st_size, 2 + _BYTES)
    if rest or count == 0:
        raise ValueError(f"{path} has {path.stat().st_size} bytes, not a multiple of {2 + _BYTES}: fetch it again")
    records = np.memmap(path, np.uint8, "r", shape=(count, 2 + _BYTES))
    names = (place / f"{labels}_label_names.txt").read_text().split()
    return records[:, 2:].reshape(count, 3, SIDE, SIDE), records[:, ["coarse", "fine"].index(labels)], names


def _read_python(place: Path, split: Split, labels: str) -> _Content:
    content, meta = load_arrays(place / split), load_arrays(place / "meta")
    try:
        planes = np.asarray(content["data"], dtype=np.uint8).reshape(-1, 3, SIDE, SIDE)
        numbers = np.array(content[f"{labels}_labels"], dtype=np.int64)
        names = [str(name) for name in meta[f"{labels}_label_names"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place / split} is not CIFAR-100's ({fault(error)})") from error
    return planes, numbers, names


CIFAR100 = DataSet(
    "CIFAR-100",
    list_cifar100,
    "https://www.cs.toronto.edu/~kriz/cifar.html",
    SIDE,
    fetch_from_torchvision("CIFAR100", train=True),
)
