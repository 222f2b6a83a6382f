"""What to hold scores of scanpaths against: people on the same picture above, people on other pictures below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from ..fixations import Fixations, Scanpath, Size

Score = Callable[[Sequence[Scanpath], Sequence[Scanpath], Size], np.ndarray]


def between_observers(fixations: Fixations, score: Score) -> tuple[np.ndarray, ...]:
    """Score each observer against each other one on the same picture: a ceiling for models of scanpaths.

    Args:
        fixations: observers without any on a picture are left out there.
        score: of pairs of scanpaths, such as `ScanMatch`, that is the same both ways.

    Returns:
        For each picture the scores of its pairs of observers, (pairs,) float64.
    """
    return tuple(
        score(*_pairs(paths, paths), size) for paths, size in zip(fixations.scanpaths, fixations.sizes, strict=True)
    )


def between_pictures(fixations: Fixations, score: Score, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Score each observer against each other one on another picture: a floor that knows how eyes move, but not where.

    It is the same as `between_observers`, but the second observer's scanpath is that on another picture, drawn at
    random for every first picture and stretched to its size.

    Args:
        fixations: on two pictures at least.
        score: as there.
        seed: of the random pictures.

    Returns:
        For each picture the scores of its pairs of observers, (pairs,) float64.

    Raises:
        ValueError: for fixations on one picture only.
    """
    count = len(fixations)
    if count < 2:
        raise ValueError(f"there are fixations on {count} pictures; another picture takes two at least")
    others = (np.arange(count) + np.random.default_rng(seed).integers(1, count, count)) % count
    levels = []
    for picture, other in enumerate(others):
        moved = fixations.select([fixations.names[other]]).resized(fixations.sizes[picture])
        pairs = _pairs(fixations.scanpaths[picture], moved.scanpaths[0])
        levels.append(score(*pairs, fixations.sizes[picture]))
    return tuple(levels)


def _pairs(first: Sequence[Scanpath], second: Sequence[Scanpath]) -> tuple[list[Scanpath], list[Scanpath]]:
    """Every observer in the first with every later one in the second, where both have fixations."""
    chosen = [(i, j) for i, j in combinations(range(min(len(first), len(second))), 2) if first[i] and second[j]]
    return [first[i] for i, _ in chosen], [second[j] for _, j in chosen]
