"""Saccades of scanpaths as distributions: how long they are, where they go, and how they turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..fixations import Scanpath


def amplitudes(scanpaths: Sequence[Scanpath]) -> np.ndarray:
    """The lengths of all saccades, (n,) float64 in pixels; a scanpath of k fixations has k - 1."""
    return np.concatenate([np.empty(0), *(np.hypot(*_saccades(path).T) for path in scanpaths)])


def directions(scanpaths: Sequence[Scanpath]) -> np.ndarray:
    """The directions of all saccades, (n,) float64 in (-pi, pi]: 0 to the right, pi / 2 upwards in the picture.

    Saccades of length 0 have none and are left out.
    """
    return np.concatenate([np.empty(0), *(_directions(path) for path in scanpaths)])


def turning_angles(scanpaths: Sequence[Scanpath]) -> np.ndarray:
    """From the direction of each saccade to that of the next one, (n,) float64 in (-pi, pi].

    0 is straight on, pi / 2 a turn to the left of the saccade, pi the way back. A scanpath of k fixations has k - 2 of
    them; saccades of length 0 are left out beforehand.
    """
    turns = np.concatenate([np.empty(0), *(np.diff(_directions(path)) for path in scanpaths)])
    return np.pi - np.mod(np.pi - turns, 2 * np.pi)


def jensen_shannon(first: np.ndarray, second: np.ndarray, edges: np.ndarray) -> float:
    """The Jensen-Shannon divergence of two samples in bits: 0 for the same distribution, 1 for nothing in common.

    Samples are counted in bins, so that it takes samples much larger than the number of bins, of comparable sizes, to
    tell distributions from chance; Lin, IEEE Trans. Information Theory 37, 1991.

    Args:
        first: (n,) numbers, such as amplitudes or angles.
        second: (m,).
        edges: (k + 1,) ascending edges of k bins, half-open but for the last.

    Raises:
        ValueError: for a sample that is empty, or lies outside the bins.
    """
    for sample in (first, second):
        if len(sample) == 0 or sample.min() < edges[0] or sample.max() > edges[-1]:
            span = f"from {sample.min()} to {sample.max()}" if len(sample) else "empty"
            raise ValueError(f"a sample is {span}; it must have values, all within the bins, {edges[0]} to {edges[-1]}")
    p, q = (np.histogram(sample, edges)[0] / len(sample) for sample in (first, second))
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def _saccades(path: Scanpath) -> np.ndarray:
    """(n - 1, 2), to the right and downwards."""
    return np.stack([np.diff(path.x), np.diff(path.y)], axis=1)


def _directions(path: Scanpath) -> np.ndarray:
    saccades = _saccades(path)
    right, down = saccades[(saccades != 0).any(1)].T
    return np.arctan2(0 - down, right)  # not -down: of a zero it would be negative, and pi become -pi


def _entropy(p: np.ndarray) -> float:
    """In bits."""
    return float(-(p[p > 0] * np.log2(p[p > 0])).sum())
