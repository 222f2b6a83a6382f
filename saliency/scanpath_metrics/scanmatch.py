"""ScanMatch: how alike two scanpaths are, as sequences of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..fixations import Scanpath, Size


@dataclass(frozen=True)
class ScanMatch:
    """The method of Cristino, Mathot, Theeuwes & Gilchrist (Behavior Research Methods 42, 2010).

    A grid is laid over the picture, and a scanpath becomes the sequence of cells it visits. Two sequences are aligned
    as well as they can be (Needleman & Wunsch, 1970): each cell of one with a cell of the other, in order, or with
    a gap. Two aligned cells score `threshold` less their distance, in cells, and so less than nothing where they are
    farther apart than that. The sum is divided by what the longer sequence would score against itself: 1 is the same
    sequence, and with gaps that cost nothing 0 is the least.

    With `bin_ms` a cell is repeated once for each such time that the fixation lasted, rounded, and at least once: so
    durations count as well.

    Args:
        columns: of the grid.
        rows: of the grid.
        threshold: in cells, positive; the paper takes twice the standard deviation of amplitudes in its data.
        gap: what a gap scores, at most 0.
        bin_ms: bin of time in milliseconds; without, durations do not count. The paper has 50 ms and 100 ms.

    Raises:
        TypeError, ValueError: for a grid that is not of whole numbers, and numbers out of range.
    """

    columns: int = 12
    rows: int = 8
    threshold: float = 3.5
    gap: float = 0.0
    bin_ms: float | None = None

    def __post_init__(self) -> None:
        for name in ("columns", "rows"):
            if not isinstance(getattr(self, name), Integral):
                raise TypeError(f"{name}={getattr(self, name)!r} of a grid is not a whole number")
        if self.columns < 1 or self.rows < 1:
            raise ValueError(f"a grid of {self.columns} columns and {self.rows} rows has no cells")
        if not self.threshold > 0 or not self.gap <= 0:
            raise ValueError(f"threshold={self.threshold} must be positive, and gap={self.gap} at most 0")
        if self.bin_ms is not None and not self.bin_ms > 0:
            raise ValueError(f"bin_ms={self.bin_ms} must be positive; leave it out where durations do not count")

    def __call__(self, first: Sequence[Scanpath], second: Sequence[Scanpath], size: Size) -> np.ndarray:
        """Score P pairs of scanpaths on pictures of one size.

        Args:
            first: P scanpaths, with a fixation at least.
            second: P scanpaths to compare them with, one by one.
            size: (W, H) of the pictures, within which all fixations must lie.

        Returns:
            (P,) float64.

        Raises:
            ValueError: for lists of different lengths, and for scanpaths without fixations or outside the picture.
        """
        if len(first) != len(second):
            raise ValueError(f"{len(first)} scanpaths cannot be compared with {len(second)} one by one")
        if len(first) == 0:
            return np.empty(0)
        cells = [[self.sequence(path, size) for path in paths] for paths in (first, second)]
        lengths = [np.array([len(cell) for cell in side]) for side in cells]
        padded = [_padded(side) for side in cells]
        return self._align(*padded, *lengths) / (self.threshold * np.maximum(*lengths))

    def sequence(self, path: Scanpath, size: Size) -> np.ndarray:
        """The cells that a scanpath visits, (k, 2) int64 (row, column)."""
        if len(path) == 0 or len(path.within(size)) < len(path):
            raise ValueError(f"a scanpath of {len(path)} fixations is empty or leaves its picture of {size} pixels")
        cells = np.stack([path.y * self.rows // size[1], path.x * self.columns // size[0]], axis=1).astype(np.int64)
        if self.bin_ms is None:
            return cells
        return cells.repeat(np.floor(path.durations / self.bin_ms + 0.5).astype(np.int64).clip(1), axis=0)

    def _align(self, first: np.ndarray, second: np.ndarray, lengths: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Scores of the best alignments: cells (n, P, 2) and (m, P, 2), as many of them as (P,), (P,) say -> (P,)."""
        best = np.arange(len(second) + 1.0)[:, None] * self.gap * np.ones(len(lengths))
        scores = np.where(lengths == 0, best[others, range(len(others))], 0.0)
        for i, cells in enumerate(first, start=1):
            gains = self.threshold - np.hypot(*np.moveaxis(cells - second, -1, 0))
            row = np.empty_like(best)
            row[0] = i * self.gap
            for j, gain in enumerate(gains, start=1):
                row[j] = np.maximum(best[j - 1] + gain, np.maximum(best[j], row[j - 1]) + self.gap)
            best = row
            scores = np.where(lengths == i, best[others, range(len(others))], scores)
        return scores


def _padded(sequences: Sequence[np.ndarray]) -> np.ndarray:
    """P sequences (k, 2) with zeros behind them, (longest, P, 2)."""
    padded = np.zeros((max(map(len, sequences)), len(sequences), 2), dtype=np.int64)
    for i, sequence in enumerate(sequences):
        padded[: len(sequence), i] = sequence
    return padded
