"""What reads a recording, whatever its format: a few rows of some episodes at a time, and never all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

Kind = tuple[type, tuple[int | None, ...]]
"""What a column is: the type of its numbers and the shape of a row, in which None is any number."""
Kinds = Mapping[str, Kind]
"""Columns by name."""


class Reader(Protocol):
    """Reads the columns of a recording.

    A reader is made of a file or folder and the `Kinds` of the columns that are wanted, and refuses at once what does
    not hold them. It runs nothing that it reads, follows nothing to other files, and holds a few numbers for each
    episode beside the rows that it is asked for.

    Attributes:
        lengths: (E,) int64, rows of each episode, at least 1.
    """

    lengths: np.ndarray

    def read(self, episodes: np.ndarray, starts: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """Rows that follow each other, of as many episodes.

        Args:
            episodes: (B,) int64, their numbers.
            starts: (B,) int64, the first row that is read of each.
            count: C, rows of each.

        Returns:
            (B, C, ...) each, by the name of the column.

        Raises:
            ValueError: for what turns out to be damaged.
        """
        ...


def check_kind(column: str, dtype: object, shape: tuple[int, ...], wanted: Kind) -> None:
    """Refuse a column that is not of its kind.

    Args:
        column: what it is and where it lies, for the message.
        dtype: of its numbers, or what else it is.
        shape: (rows, ...).
        wanted: its kind.

    Raises:
        ValueError: naming both.
    """
    kind, row = wanted
    fits = len(shape) == 1 + len(row) and all(w in (None, n) for w, n in zip(row, shape[1:], strict=True))
    if not fits or dtype != kind:
        raise ValueError(f"{column} is {dtype} of shape {shape}; it must be {np.dtype(kind)} of shape {('rows', *row)}")
