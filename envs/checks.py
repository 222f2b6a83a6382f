"""Checks of options, whose messages name the value and the remedy."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Collection, Iterable
from numbers import Integral, Real
from typing import Any

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
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{option}={value!r} is not a whole number")
    number = int(value)
    if number < low or (high is not None and number > high):
        allowed = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{option}={value} is out of range; use {allowed}")


def check_number(option: str, value: object, low: float, high: float = math.inf) -> None:
    """Refuse what is not a finite number from `low` to `high`, both included.

    Raises:
        TypeError: for anything but a number.
        ValueError: for a number out of range.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{option}={value!r} is not a number")
    if not (math.isfinite(value) and low <= float(value) <= high):
        allowed = f"at least {low}" if high == math.inf else f"{low} to {high}"
        raise ValueError(f"{option}={value} is out of range; use {allowed}")


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
        raise TypeError(f"{owner} has no option {', '.join(map(repr, unknown))}; {has}")


def keyword_options(*functions: Callable[..., Any]) -> set[str]:
    """Names of the keyword-only parameters of functions: what their callers may choose."""
    parameters = [p for function in functions for p in inspect.signature(function).parameters.values()]
    return {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


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
        check_rows(what, values, values == clipped, f"clip it, its numbers lie in [{low}, {high}]")
