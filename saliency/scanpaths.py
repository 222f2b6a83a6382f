"""Scanpaths: fixations drawn from saliency maps, one after the other, with inhibition of return."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

CANDIDATES = 16
UNIFORMS = CANDIDATES + 1


class FixationSampler:
    """Draws pixels from saliency maps, exactly, as a rule without touching all pixels of a map.

    A fixation follows the map restricted to the pixels that are not inhibited: those farther than `radius` pixels
    from every earlier fixation (a disc, as in the seq-JEPA paper, section on predictive learning across saccades).
    Where nothing is left of the map, it follows the pixels farthest from every earlier fixation.

    The cumulative sum of each map is kept; a draw is a binary search in it, and of several independent draws the
    first that is not inhibited counts, which is rejection sampling and hence exact. Rows whose draws are all
    inhibited are drawn from the restricted map written out in full, with a number of their own: the others are known
    to point at inhibited pixels.

    Args:
        maps: (N, S, S) float32, non-negative, each with a positive sum.
        radius: of inhibition, in pixels; 0 turns inhibition off.
    """

    def __init__(self, maps: Tensor, radius: float):
        self.side = maps.shape[1]
        self.radius = radius
        self._cumulative = _stacked_cumulative(maps.flatten(1))

    def __call__(self, scenes: Tensor, earlier: Tensor, uniforms: Tensor) -> Tensor:
        """The next fixated pixels.

        Args:
            scenes: (B,) int64, which map.
            earlier: (B, t, 2) int64 pixels (row, col) fixated so far, t >= 0.
            uniforms: (B, UNIFORMS) float64 in [0, 1), independent.

        Returns:
            (B, 2) int64 pixels (row, col).
        """
        candidates = self._pixels(_search(self._cumulative, scenes, uniforms[:, :CANDIDATES]))
        if self.radius == 0 or earlier.shape[1] == 0:
            return candidates[:, 0]
        allowed = ((candidates[:, :, None] - earlier[:, None]).square().sum(-1) > self.radius**2).all(2)
        first = allowed.int().argmax(dim=1)
        chosen = candidates.take_along_dim(first[:, None, None], dim=1)[:, 0]
        redraw = self._redraw_on_host if scenes.device.type == "cpu" else self._redraw_on_device
        return redraw(chosen, ~allowed.any(dim=1), scenes, earlier, uniforms[:, -1])

    def _redraw_on_host(
        self, chosen: Tensor, stuck: Tensor, scenes: Tensor, earlier: Tensor, uniforms: Tensor
    ) -> Tensor:
        """The chosen pixels, (B, 2), with those of stuck rows, (B,) bool, drawn in full: for these rows only."""
        rows = stuck.nonzero()[:, 0]
        if len(rows) == 0:
            return chosen
        return chosen.index_copy(0, rows, self._draw_in_full(scenes[rows], earlier[rows], uniforms[rows]))

    def _redraw_on_device(
        self, chosen: Tensor, stuck: Tensor, scenes: Tensor, earlier: Tensor, uniforms: Tensor
    ) -> Tensor:
        """The same, drawn for all rows, as asking a device which rows are stuck would be waiting for it."""
        return torch.where(stuck[:, None], self._draw_in_full(scenes, earlier, uniforms), chosen)

    def _pixels(self, positions: Tensor) -> Tensor:
        flat = positions % self.side**2
        return torch.stack([flat // self.side, flat % self.side], dim=-1)

    def _draw_in_full(self, scenes: Tensor, earlier: Tensor, uniforms: Tensor) -> Tensor:
        """Draw from the restricted maps themselves. (B,), (B, t, 2) int64, (B,) float64 -> (B, 2) int64."""
        line = torch.arange(self.side, device=scenes.device)
        apart = (line[:, None, None] - earlier[:, None]).square().int()  # (B, S, t, 2), along rows and along columns
        discs = (squared[:, :, None, 0] + squared[:, None, :, 1] for squared in apart.unbind(2))
        nearest = reduce(torch.minimum, discs).flatten(1)
        cumulative = self._cumulative.view(-1, self.side**2)[scenes]
        maps = cumulative.diff(dim=1, prepend=scenes[:, None].double())
        maps = maps * (nearest > self.radius**2)
        farthest = nearest == nearest.amax(1, keepdim=True)
        maps = torch.where((maps > 0).any(1, keepdim=True), maps, farthest.double())
        rows = torch.arange(len(scenes), device=scenes.device)
        return self._pixels(_search(_stacked_cumulative(maps), rows, uniforms[:, None])[:, 0])


def _stacked_cumulative(maps: Tensor) -> Tensor:
    """Cumulative sums of N maps, map r scaled to (r, r + 1], as one sorted sequence. (N, K) -> (N * K,) float64."""
    cumulative = maps.double().cumsum(1)
    rows = torch.arange(len(maps), device=maps.device)[:, None]
    return (cumulative / cumulative[:, -1:] + rows).flatten()


def _search(stacked: Tensor, rows: Tensor, uniforms: Tensor) -> Tensor:
    """Positions in the sequence whose map is `rows` and whose share of it holds the draw. (B,), (B, K) -> (B, K)."""
    start = rows[:, None].double()
    last = torch.nextafter(start + 1, start)  # a sum rounded up to the next map's start would point into that map
    return torch.searchsorted(stacked, torch.minimum(start + uniforms, last), right=True)
