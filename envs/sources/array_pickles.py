"""Reading pickles that hold nothing but arrays of numbers and plain containers, without executing anything.

A pickle names functions and classes and has them called, so that loading one from elsewhere means running what it
says. Here the few names that pickled arrays use stand for inert records; every other name is refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

_NUMBERS = frozenset("biuf")  # kinds of numbers in NumPy's short names of types


def load_arrays(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle, of Python 2 or 3, with text for keys; arrays as NumPy's.

    Raises:
        ValueError: for a pickle that names anything but arrays, or is broken, or holds no dictionary.
    """
    try:
        content = _Plain()(_Unpickler(BytesIO(path.read_bytes()), encoding="bytes").load())
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise anything
        raise ValueError(
            f"{path} cannot be read as arrays in plain containers: {type(error).__name__}: {error}"
        ) from error
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


def _fold(stack: list[Any], count: int) -> None:
    """The last objects of a stack as one list."""
    stack[-count:] = [stack[-count:]]


_PYTHONS: Any = pickle._Unpickler


class _Unpickler(_PYTHONS):
    """Hands out methods, on which a pickle cannot set attributes, and never a class.

    It is Python's own, as that in C makes room for as many objects as ten bytes of a pickle say. Tuples become lists,
    which are no keys: to hash a tuple takes as long as what it holds, and the same may be in it over and over.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = _PYTHONS.dispatch | {
        pickle.EMPTY_TUPLE[0]: _PYTHONS.load_empty_list,
        pickle.TUPLE[0]: _PYTHONS.load_list,
        pickle.TUPLE1[0]: lambda self: _fold(self.stack, 1),
        pickle.TUPLE2[0]: lambda self: _fold(self.stack, 2),
        pickle.TUPLE3[0]: lambda self: _fold(self.stack, 3),
    }
    del dispatch[pickle.BYTEARRAY8[0]]  # room for as many bytes as it says

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


class _Plain:
    """Turns inert records into arrays, and bytes, which is what Python 2 had for text, into text."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}  # of containers: what occurs often is turned once

    def __call__(self, value: Any) -> Any:
        if isinstance(value, _Array):
            return value.content
        if isinstance(value, bytes):
            return _text(value)
        if not isinstance(value, dict | list | tuple):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = self._entries(value)
        return self._done[id(value)]

    def _entries(self, value: dict | list | tuple) -> dict[str, Any] | list[Any]:
        if isinstance(value, dict):
            return {str(self(key)): self(entry) for key, entry in value.items()}
        return [self(entry) for entry in value]
