"""What a set of scenes holds, as one short text: the same for the same pictures or meshes, wherever they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np


class ContentHash:
    """SHA-256 over arrays, their types and their shapes, one after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, array: np.ndarray) -> None:
        """An array of any shape and a plain type, in the byte order of this machine."""
        self._hash.update(f"{array.dtype.str} {array.shape};".encode())
        self._hash.update(np.ascontiguousarray(array).data)

    def add_texts(self, texts: Sequence[str]) -> None:
        """Texts, such as the names of classes."""
        self._hash.update(repr(tuple(texts)).encode("utf-8", "surrogateescape"))

    @property
    def text(self) -> str:
        """ "sha256:" and 64 hexadecimal digits."""
        return f"sha256:{self._hash.hexdigest()}"


class PictureHash:
    """The hash of pictures that come in chunks, whichever these are, with their labels and classes."""

    def __init__(self) -> None:
        self._pixels = hashlib.sha256()
        self._count = 0

    def add(self, pictures: np.ndarray) -> None:
        """(n, S, S, 3) uint8."""
        self._pixels.update(np.ascontiguousarray(pictures).data)
        self._count += len(pictures)

    def text(self, size: int, labels: np.ndarray, classes: Sequence[str], extras: Mapping[str, np.ndarray]) -> str:
        """Of all pictures that were added, their side in pixels, labels (N,), names of classes, and extras (N, ...)."""
        content = ContentHash()
        content.add(np.frombuffer(self._pixels.digest(), np.uint8))
        content.add(np.array([self._count, size]))
        content.add(labels)
        content.add_texts(classes)
        for name in sorted(extras):
            content.add_texts([name])
            content.add(extras[name])
        return content.text
