"""Scanpaths: fixations drawn from saliency maps, one after the other, with inhibition of return."""

from __future__ import annotations

import torch
from torch import Tensor

CANDIDATES = 16


class FixationSampler:
    """Draws pixels from saliency maps, exactly, without ever touching all pixels of a map at a fixation.

    A fixation follows the map restricted to the pixels that are not inhibited: those farther than `radius` pixels
    from every earlier fixation (a disc, as in the seq-JEPA paper, section on predictive learning across saccades).
    The cumulative sum of each map is kept; a draw is a binary search in it, and of several independent draws the
    first that is not inhibited counts, which is rejection sampling and hence exact. Rows whose draws are all
    inhibited are drawn from the restricted map written out in full.

    Args:
        maps: (N, S, S) float32, non-negative, each with a positive sum.
        radius: of inhibition, in pixels; 0 turns inhibition off.
    """

    def __init__(self, maps: Tensor, radius: float):
        self.maps = maps
        self.side = maps.shape[1]
        self.radius = radius
        self._cumulative = _stacked_cumulative(maps.flatten(1))

    def __call__(self, scenes: Tensor, earlier: Tensor, uniforms: Tensor) -> Tensor:
        """The next fixated pixels.

        Args:
            scenes: (B,) int64, which map.
            earlier: (B, t, 2) int64 pixels (row, col) fixated so far, t >= 0.
            uniforms: (B, CANDIDATES) float32 in [0, 1).

        Returns:
            (B, 2) int64 pixels (row, col).
        """
        candidates = _search(self._cumulative, scenes, uniforms) % self.side**2
        if self.radius == 0 or earlier.shape[1] == 0:
            return self._pixels(candidates[:, 0])
        allowed = self._allowed(self._pixels(candidates), earlier)
        first = allowed.int().argmax(dim=1, keepdim=True)
        chosen = candidates.gather(1, first)[:, 0]
        stuck = (~allowed.any(dim=1)).nonzero()[:, 0]
        if len(stuck):
            chosen[stuck] = self._draw_in_full(scenes[stuck], earlier[stuck], uniforms[stuck, 0])
        return self._pixels(chosen)

    def _pixels(self, flat: Tensor) -> Tensor:
        return torch.stack([flat // self.side, flat % self.side], dim=-1)

    def _allowed(self, pixels: Tensor, earlier: Tensor) -> Tensor:
        """(B, K, 2) and (B, t, 2) pixels -> (B, K) bool, true where no earlier fixation inhibits."""
        squared = (pixels[:, :, None] - earlier[:, None]).square().sum(-1)
        return (squared > self.radius**2).all(dim=2)

    def _draw_in_full(self, scenes: Tensor, earlier: Tensor, uniforms: Tensor) -> Tensor:
        """Draw from the restricted maps themselves; where nothing is left, from what is farthest from any fixation."""
        grid = torch.arange(self.side, device=self.maps.device)
        every = torch.stack(torch.meshgrid(grid, grid, indexing="ij"), dim=-1).view(1, -1, 2)
        maps = self.maps[scenes].flatten(1).double() * self._allowed(every, earlier)
        empty = (maps.sum(1, keepdim=True) == 0).double()
        distance = (every[:, :, None] - earlier[:, None]).square().sum(-1).amin(2)
        farthest = (distance == distance.amax(1, keepdim=True)).double()
        rows = torch.arange(len(scenes), device=scenes.device)
        drawn = _search(_stacked_cumulative(maps + empty * farthest), rows, uniforms[:, None])
        return drawn[:, 0] % self.side**2


def _stacked_cumulative(maps: Tensor) -> Tensor:
    """Cumulative sums of N maps, map r scaled to (r, r + 1], as one sorted sequence. (N, K) -> (N * K,) float64."""
    cumulative = maps.double().cumsum(1)
    rows = torch.arange(len(maps), device=maps.device)[:, None]
    return (cumulative / cumulative[:, -1:] + rows).flatten()


def _search(stacked: Tensor, rows: Tensor, uniforms: Tensor) -> Tensor:
    """Positions in the sequence whose map is `rows` and whose share of it holds the draw. (B,), (B, K) -> (B, K)."""
    return torch.searchsorted(stacked, rows[:, None] + uniforms.double(), right=True)
