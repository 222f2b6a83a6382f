"""Reading pickles that hold nothing but arrays of numbers and plain containers, without executing anything.

A pickle names functions and classes and has them called, so that loading one from elsewhere means running what it
says. Here the few names that pickled arrays use stand for inert records; every other name is refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

_NUMBERS = frozenset("biuf")  # kinds of numbers in NumPy's short names of types


def load_arrays(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle, of Python 2 or 3, with text for keys; arrays as NumPy's.

    Raises:
        ValueError: for a pickle that names anything but arrays, or is broken, or holds no dictionary.
    """
    try:
        with path.open("rb") as stream:
            content = _plain(_Unpickler(stream, encoding="bytes").load())
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise anything
        raise ValueError(f"{path} cannot be read as arrays in plain containers: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, expected a dictionary")
    return content


class _Type:
    """Stands for numpy.dtype."""

    def __init__(self, name: str):
        self.name = name
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = _text(state[1])

    def as_numpy(self) -> np.dtype:
        if self.name[:1] not in _NUMBERS or not self.name[1:].isdecimal() or self.order not in "<>|=":
            raise ValueError(f"an array is of the type {self.name!r}, expected numbers")
        return np.dtype(self.name).newbyteorder(self.order)  # pyright: ignore[reportArgumentType]


class _Array:
    """Stands for numpy.ndarray."""

    content: np.ndarray

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns_first, data = state
        if not isinstance(kind, _Type) or not isinstance(data, bytes):
            raise ValueError("an array is of a type that is not read here, expected numbers")
        flat = np.frombuffer(data, dtype=kind.as_numpy())
        self.content = flat.reshape(shape, order="F" if columns_first else "C")


class _Unpickler(pickle.Unpickler):
    """Hands out methods, on which a pickle cannot set attributes, and never a class."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy.core.multiarray", "_reconstruct"): self.make_array,
            ("numpy._core.multiarray", "_reconstruct"): self.make_array,
            ("numpy", "ndarray"): "the first argument of _reconstruct",
            ("numpy", "dtype"): self.make_type,
            ("_codecs", "encode"): self.make_bytes,
        }
        if (module, name) not in known:
            raise ValueError(f"it asks for {module}.{name}, which is no part of an array: do not trust it")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise ValueError("it refers to objects outside itself")

    def make_array(self, *_: Any) -> _Array:
        return _Array()

    def make_type(self, name: Any, *_: Any) -> _Type:
        return _Type(_text(name))

    def make_bytes(self, text: Any, encoding: Any = None) -> bytes:
        """How Python 3 writes bytes for Python 2 to read."""
        if not isinstance(text, str) or _text(encoding) != "latin1":
            raise ValueError(f"text is encoded as {encoding!r}, expected latin1")
        return text.encode("latin1")


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    """Inert records as arrays, and bytes, which is what Python 2 had for text, as text."""
    if isinstance(value, _Array):
        return value.content
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
