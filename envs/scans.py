"""Scans: fixations that go through a picture tile by tile, whatever is in it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from . import draws
from .rollout import Episodes


class GridFixations:
    """Row by row through tiles that cover the picture, from one drawn by the seed of the episode, and round again.

    Args:
        side: of the picture, in pixels.
        fovea: the largest side of a tile, in pixels.
        device: of the world.
    """

    def __init__(self, side: int, fovea: int, device: str | torch.device = "cpu"):
        self.tiles = torch.from_numpy(_pairs(_tile_centres(side, fovea))).to(device)

    def __call__(self, episodes: Episodes) -> Tensor:
        first = draws.integers(episodes.seeds, 0, "tile", len(self.tiles))[:, 0]
        return self.tiles[(first + episodes.step) % len(self.tiles)]


class CentreOutFixations:
    """The centre, then ring by ring outwards through the tiles of `GridFixations`, then the centre again.

    A ring is gone round clockwise, from a direction drawn by the seed of the episode.

    Args:
        side: of the picture, in pixels.
        fovea: the largest side of a tile, in pixels.
        device: of the world.
    """

    def __init__(self, side: int, fovea: int, device: str | torch.device = "cpu"):
        centres = _tile_centres(side, fovea)
        places, offsets = _pairs(centres), _pairs(2 * np.arange(len(centres)) + 1 - len(centres))
        radii, directions = np.abs(offsets).max(axis=1), np.arctan2(offsets[:, 0], offsets[:, 1])
        rings = [np.flatnonzero(radii == radius) for radius in np.unique(radii) if radius > 0]
        ordered = [places[ring[directions[ring].argsort()]] for ring in rings]
        middle = np.full((1, 2), (side // 2) / side, dtype=np.float32)
        self.places = torch.from_numpy(np.concatenate([middle, *ordered])).to(device)
        sizes = [1, *map(len, ordered)]
        self._rings = [(sum(sizes[:k]), size) for k, size in enumerate(sizes) for _ in range(size)]

    def __call__(self, episodes: Episodes) -> Tensor:
        step = episodes.step % len(self.places)
        start, size = self._rings[step]
        first = draws.integers(episodes.seeds, 0, f"tile of {size}", size)[:, 0]
        return self.places[start + (first + step - start) % size]


def _tile_centres(side: int, fovea: int) -> np.ndarray:
    """Rows, or columns, of the centres of the fewest equal tiles no larger than a fovea, as shares of the side."""
    count = math.ceil(side / fovea)
    return (np.floor((np.arange(count) + 0.5) / count * side) / side).astype(np.float32)


def _pairs(values: np.ndarray) -> np.ndarray:
    """Each value with each, (K,) -> (K * K, 2), row by row."""
    return np.stack(np.meshgrid(values, values, indexing="ij"), axis=-1).reshape(-1, 2)
