"""Checks of options, whose messages name the value and the remedy."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor


def check_name(option: str, value: object, known: Iterable[str]) -> None:
    """Refuse a value that is none of the known names.

    Raises:
        ValueError: listing the known names.
    """
    known = tuple(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{option}={value!r} is not known; use one of {', '.join(map(repr, known))}")


def check_whole(option: str, value: object, low: int, high: int | None = None) -> None:
    """Refuse what is not a whole number from `low` to `high`, both included.

    Raises:
        TypeError: for anything but an integer.
        ValueError: for an integer out of range.
    """
    allowed = f"at least {low}" if high is None else f"{low} to {high}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{option}={value!r} is not a whole number; use an int, {allowed}")
    number = int(value)
    if number < low or (high is not None and number > high):
        raise ValueError(f"{option}={value} is out of range; use {allowed}")


def check_number(option: str, value: object, low: float, high: float = math.inf) -> None:
    """Refuse what is not a finite number from `low` to `high`, both included.

    Raises:
        TypeError: for anything but a number.
        ValueError: for a number out of range.
    """
    allowed = f"at least {low}" if high == math.inf else f"{low} to {high}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{option}={value!r} is not a number; use {allowed}")
    if not (math.isfinite(value) and low <= float(value) <= high):
        raise ValueError(f"{option}={value} is out of range; use {allowed}")


def check_flag(option: str, value: object) -> None:
    """Refuse what is neither True nor False: a text such as "no" would count as True.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{option}={value!r} is neither True nor False; use one of them")


def check_fields(options: Any) -> None:
    """Refuse a dataclass with a field that is not of the type that it is annotated with; lists may stand for tuples.

    Raises:
        ValueError: for what is none of the names in a `Literal`.
        TypeError: for anything else.
    """
    for name, kind in get_type_hints(type(options)).items():
        if get_origin(kind) is ClassVar:
            continue
        value = getattr(options, name)
        if get_origin(kind) is Literal:
            check_name(name, value, get_args(kind))
        elif not _fits(value, kind):
            raise TypeError(f"{name}={value!r} must be {_in_words(kind)}")


def check_memory(what: str, size: int) -> None:
    """Refuse what is larger than all memory of this machine.

    Args:
        what: what takes the memory, for the message.
        size: in bytes.

    Raises:
        ValueError: naming both.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > memory:
        raise ValueError(f"{what} takes {size / 1e9:.3g} GB, and this machine has {memory / 1e9:.3g} GB: choose less")


def check_options(owner: str, options: Iterable[str], known: Collection[str]) -> None:
    """Refuse options that their owner does not have.

    Raises:
        TypeError: listing the options it has.
    """
    if not isinstance(options, Iterable):
        raise TypeError(f"the options of {owner} are no dictionary, but {options!r}")
    unknown = [option for option in options if option not in known]
    if unknown:
        has = f"it takes {', '.join(map(repr, sorted(known)))}" if known else "it takes none"
        near = [name for option in unknown for name in get_close_matches(str(option), known, 1, 0.7)]
        meant = f" (did you mean {' and '.join(map(repr, near))}?)" if near else ""
        raise TypeError(f"{owner} has no option {', '.join(map(repr, unknown))}{meant}; {has}")


def keyword_options(*functions: Callable[..., Any]) -> set[str]:
    """Names of the keyword-only parameters of functions: what their callers may choose."""
    parameters = [p for function in functions for p in inspect.signature(function).parameters.values()]
    return {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def check_pictures(pictures: Tensor) -> None:
    """Refuse a bank of pictures that is not (N, S, S, 3) uint8.

    Raises:
        TypeError: for what is no tensor.
        ValueError: for another shape or dtype.
    """
    if not isinstance(pictures, Tensor):
        raise TypeError(f"pictures must be a torch tensor, (N, S, S, 3) uint8; got {type(pictures).__name__}")
    shape = tuple(pictures.shape)
    if len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3 or pictures.dtype != torch.uint8:
        raise ValueError(f"pictures must be (N, S, S, 3) uint8, got {shape} {pictures.dtype}")


def check_rows(what: str, values: Tensor, valid: Tensor, rule: str) -> None:
    """Refuse a batch of which a row is not valid.

    On the CPU the message names the first such row and its value. On CUDA the check runs on the device, which the
    host does not wait for: the failure shows at a later operation, with the rule alone.

    Args:
        what: name of the values.
        values: (B, ...).
        valid: (B, ...) bool.
        rule: what the values must obey.

    Raises:
        ValueError: on the CPU.
        RuntimeError: on CUDA.
    """
    if values.device.type != "cpu":
        torch._assert_async(valid.all(), f"{what}: {rule}")  # pyright: ignore[reportPrivateImportUsage]
    elif not valid.all():
        row = int(valid.view(len(valid), -1).all(dim=1).int().argmin())
        raise ValueError(f"{what} {values[row].tolist()} of row {row}: {rule}")


def check_within(what: str, values: Tensor, low: float, high: float) -> None:
    """Refuse a batch of numbers of which a row is not finite or out of bounds.

    Args:
        what: name of the values.
        values: (B, ...).
        low, high: the bounds, which are allowed themselves.

    Raises:
        ValueError, RuntimeError: as `check_rows`.
    """
    clipped = values.clamp(low, high)
    if values.device.type != "cpu" or not torch.equal(values, clipped):  # on the CPU the fastest way to see it
        check_rows(what, values, values == clipped, f"use finite numbers in [{low}, {high}], clip what is beyond")


def _fits(value: object, kind: Any) -> bool:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(known) and value == known for known in parts)
    if origin is tuple:
        kinds = parts[:1] * len(value) if isinstance(value, list | tuple) and parts[-1] is Ellipsis else parts
        return isinstance(value, list | tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return kind is Any or isinstance(value, origin or kind)


def _in_words(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(map(_in_words, get_args(kind)))
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    words = {bool: "True or False", NoneType: "None"}
    return words.get(kind) or (str(kind) if get_origin(kind) is tuple else (get_origin(kind) or kind).__name__)
