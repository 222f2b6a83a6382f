"""Scanpaths: fixations drawn from saliency maps, one after the other, with inhibition of return."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Protocol

import torch
from torch import Tensor

from .alias_tables import AliasTables
from .amplitudes import AmplitudePrior
from .inhibition import Inhibition

TRIES = (4, 16, 64)  # candidates, in rounds: the later ones for rows that rejected all before
_IN_FULL = 2 * len(TRIES)  # the part of the random numbers that is left for drawing in full
# Pixels of maps that are written out at a time: few for a CPU's cache, many to keep a GPU busy, 128 MiB in float64.
_CHUNK_CPU, _CHUNK_GPU = 2**21, 2**24


class RandomBits(Protocol):
    """A source of random numbers for a batch: B streams, each a function of its own row alone."""

    def __call__(self, part: int, count: int, rows: Tensor | None = None) -> Tensor:
        """Numbers of a part of the streams.

        Args:
            part: which part, from 0; the parts of a stream are independent, and so are the streams.
            count: how many numbers; a smaller count gives the first ones of a larger.
            rows: (b,) int64, of which rows; all B of them when left out.

        Returns:
            (b, count) int64, uniform over all 2**64 values.
        """
        ...


class FixationSampler:
    """Draws pixels from saliency maps, exactly, as a rule without touching all pixels of a map.

    A fixation follows the map times what `inhibition` leaves of it around every earlier fixation, and times a prior of
    the amplitude of the saccade, if there is one. Where nothing is left, it follows the pixels farthest from every
    earlier fixation.

    Candidates are drawn from the map by `AliasTables`, and each is accepted with a probability that is its weight
    relative to the map: the first accepted one counts, which is rejection sampling and hence exact. Rows that accept
    none in a few rounds are drawn from the weighted map written out in full, with the floor of the inhibition, which is
    too small to matter before (below 1e-8 in total variation for maps of a million pixels). Tables round maps (by
    less than 1e-6 in total variation, and by that divided by what is left of the map once parts are inhibited); maps
    written out are not rounded, so that draws follow them also where next to nothing is left.

    Args:
        maps: (N, H, W) float32, non-negative, each with a positive sum. They are kept, and not copied if they are
            contiguous; they may be a file mapped into memory.
        inhibition: of return.
        amplitudes: prior of amplitudes; none when left out.

    Raises:
        TypeError, ValueError: for other maps, see `AliasTables`, and for what is no inhibition or prior.
    """

    def __init__(self, maps: Tensor, inhibition: Inhibition, amplitudes: AmplitudePrior | None = None):
        if not isinstance(inhibition, Inhibition):
            raise TypeError(f"inhibition={inhibition!r}: give an Inhibition, such as NoInhibition()")
        if amplitudes is not None and not callable(amplitudes):
            raise TypeError(f"amplitudes={amplitudes!r}: give None, or an AmplitudePrior")
        self.inhibition = inhibition
        self.amplitudes = amplitudes
        self._maps = maps
        self._tables = AliasTables(maps)

    def __call__(self, scenes: Tensor, earlier: Tensor, random: RandomBits) -> Tensor:
        """The next fixated pixels.

        Args:
            scenes: (B,) int64, which map.
            earlier: (B, t, 2) int64 pixels (row, col) fixated so far, t >= 0; they may lie outside the map.
            random: B streams, a new one for each fixation.

        Returns:
            (B, 2) int64 pixels (row, col).
        """
        if earlier.shape[1] == 0:
            return torch.stack(self._tables.draw(scenes, random(0, 1)[:, 0]), dim=1)
        draw = self._draw_on_host if scenes.device.type == "cpu" else self._draw_on_device
        return draw(scenes, earlier, random)

    def _draw_on_host(self, scenes: Tensor, earlier: Tensor, random: RandomBits) -> Tensor:
        """Round after round for the rows that are left, and these in full at last."""
        pixels, accepted = self._try([0], scenes, earlier, random)
        left = (~accepted).nonzero()[:, 0]
        for part in range(1, len(TRIES)):
            if len(left) == 0:
                return pixels
            again, accepted = self._try([part], scenes[left], earlier[left], random, left)
            pixels.index_copy_(0, left, again)
            left = left[~accepted]
        if len(left) == 0:
            return pixels
        return pixels.index_copy_(0, left, self._draw_in_full(scenes[left], earlier[left], random(_IN_FULL, 1, left)))

    def _draw_on_device(self, scenes: Tensor, earlier: Tensor, random: RandomBits) -> Tensor:
        """The same, all of it for all rows, as asking a device which rows are left would be waiting for it."""
        tried, accepted = self._try(range(len(TRIES)), scenes, earlier, random)
        return torch.where(accepted[:, None], tried, self._draw_in_full(scenes, earlier, random(_IN_FULL, 1)))

    def _try(
        self, rounds: Sequence[int], scenes: Tensor, earlier: Tensor, random: RandomBits, left: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The first accepted candidate of one or more rounds for the rows that are left, by their numbers.

        (b,), (b, t, 2) int64 -> pixels (b, 2) int64, and whether there is one, (b,) bool.
        """

        def numbers_of(use: int) -> Tensor:
            return torch.cat([random(2 * part + use, TRIES[part], left) for part in rounds], dim=1).T.contiguous()

        # Candidates first, (count, b): operations go along the rows, of which there are many.
        rows, cols = self._tables.draw(scenes, numbers_of(0))
        accepted, count = self._weights(rows, cols, earlier), len(rows)
        if accepted.dtype != torch.bool:
            accepted = _fractions(numbers_of(1)) < accepted
        numbers = torch.arange(count, dtype=torch.uint8, device=scenes.device)[:, None]  # bytes are the fastest
        first = torch.where(accepted, numbers, count).amin(0, keepdim=True)
        chosen = first.clamp_max(count - 1).long()
        return torch.cat([rows.gather(0, chosen), cols.gather(0, chosen)]).T, first[0] < count

    def _weights(self, rows: Tensor, cols: Tensor, earlier: Tensor) -> Tensor:
        """Weights of pixels relative to the map. (count, b) int64 each, (b, t, 2) -> (count, b) bool or float64."""
        apart = [(rows - row, cols - col) for row, col in earlier.permute(1, 2, 0).contiguous()]
        weights = [self.inhibition.leaves(*away, age=len(apart) - i) for i, away in enumerate(apart)]
        if self.amplitudes is not None:
            weights.append(self._amplitude_weights(*apart[-1]))
        return reduce(torch.mul, weights)

    def _amplitude_weights(self, rows: Tensor, cols: Tensor) -> Tensor:
        assert self.amplitudes is not None
        return self.amplitudes((rows * rows + cols * cols).double().sqrt() / min(self._maps.shape[1:]))

    def _draw_in_full(self, scenes: Tensor, earlier: Tensor, bits: Tensor) -> Tensor:
        """Draw from the weighted maps themselves. (b,), (b, t, 2), (b, 1) int64 -> pixels (b, 2) int64."""
        chunk = _CHUNK_CPU if scenes.device.type == "cpu" else _CHUNK_GPU
        step = max(1, chunk // self._maps[0].numel())
        chunks = zip(scenes.split(step), earlier.split(step), bits.split(step), strict=True)
        flat = torch.cat([self._positions(*chunk) for chunk in chunks])
        width = self._maps.shape[2]
        return torch.cat([flat // width, flat % width], dim=1)

    def _positions(self, scenes: Tensor, earlier: Tensor, bits: Tensor) -> Tensor:
        """(b,), (b, t, 2), (b, 1) int64 -> positions in the flattened maps, (b, 1) int64."""
        cumulative = self.weighted(scenes, earlier).flatten(1).cumsum(1)
        found = torch.searchsorted(cumulative, _fractions(bits) * cumulative[:, -1:], right=True)
        return found.clamp_max(cumulative.shape[1] - 1)

    def weighted(self, scenes: Tensor, earlier: Tensor) -> Tensor:
        """What the next fixation follows, written out: the maps after inhibition and the prior of amplitudes.

        Args:
            scenes: (b,) int64, which map.
            earlier: (b, t, 2) int64 pixels (row, col) fixated so far, t >= 1.

        Returns:
            (b, H, W) float64, non-negative, distributions but for a factor.
        """
        height, width = self._maps.shape[1:]
        rows, cols = (torch.arange(side, device=scenes.device) for side in (height, width))
        apart = [(rows[:, None] - at[:, :1, None], cols - at[:, 1:, None]) for at in earlier.unbind(1)]
        maps = _normalised(self._maps[scenes].double())
        for i, away in enumerate(apart):
            maps = maps * self.inhibition.leaves(*away, age=len(apart) - i)
            if self.inhibition.floor > 0:
                maps = _normalised(maps + self.inhibition.floor)
        if self.amplitudes is not None:
            maps = maps * self._amplitude_weights(*apart[-1])
        nearest = reduce(torch.minimum, (down * down + right * right for down, right in apart))
        farthest = nearest == nearest.amax((1, 2), keepdim=True)
        return torch.where((maps > 0).flatten(1).any(1)[:, None, None], maps, farthest.double())


def _normalised(maps: Tensor) -> Tensor:
    return maps / maps.sum((1, 2), keepdim=True)


def _fractions(bits: Tensor) -> Tensor:
    """64 random bits as float64 in [0, 1), multiples of 2**-53."""
    return ((bits >> 11) & ((1 << 53) - 1)).double() * 2.0**-53
