"""Draws of pixels from many maps at once, by the alias method: a table look-up per draw, whatever the size of a map."""

from __future__ import annotations

import torch
from torch import Tensor

_PIXEL_BITS = 40  # of the 64 random bits of a draw; they choose a pixel, the others between it and its alias
_SHARE_BITS = 64 - _PIXEL_BITS
_SMALL_SHARE_BITS = 18  # enough for what the class promises
_CHUNK = 2**18  # pixels of maps worked on at a time, few enough for a cache


class AliasTables:
    """Tables of N maps of H x W pixels, from which pixels are drawn with probabilities in proportion to the maps.

    Each of K = H W pixels stands for 1 / K of all draws. It keeps a share of these, and leaves the others to one other
    pixel, its alias (Walker, "An efficient method for generating discrete random variables with general
    distributions", ACM TOMS 3, 1977). A draw chooses a pixel uniformly, and then between it and its alias.

    Probabilities are rounded to multiples of 2**-18 / K or finer, in 4 bytes a pixel (up to 128 x 128 pixels), or of
    2**-24 / K, in 8 bytes (larger maps). So rounded they are drawn exactly, as shares are whole numbers. Rounding
    changes a map by about 5e-7 in total variation, and never by more than 2**-19; for maps of up to a million pixels
    the draw of a pixel adds less than 5e-7. Pixels of probability 0 are never drawn.

    Args:
        maps: (N, H, W) floating point, finite, non-negative, each with a positive sum.

    Raises:
        TypeError, ValueError: for other maps; on other devices than the CPU a RuntimeError at a later operation.
    """

    def __init__(self, maps: Tensor):
        if maps.ndim != 3 or not maps.is_floating_point() or 0 in maps.shape:
            raise TypeError(f"maps are {tuple(maps.shape)} {maps.dtype}; give (N, H, W) floating point, none of them 0")
        self.height, self.width = maps.shape[1:]
        self._row_bits, self._col_bits = (side.bit_length() for side in (self.height - 1, self.width - 1))
        code_bits = self._row_bits + self._col_bits
        small = code_bits + _SMALL_SHARE_BITS <= 32
        self._code_bits, self._bits = code_bits, 32 - code_bits if small else 63 - code_bits
        self._bits = min(self._bits, _SHARE_BITS)
        rows = max(1, _CHUNK // (self.height * self.width))
        kind = torch.int32 if small else torch.int64
        self._entries = torch.cat([self._make(chunk.flatten(1)).to(kind).flatten() for chunk in maps.split(rows)])

    def draw(self, scenes: Tensor, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Draw pixels from maps.

        Args:
            scenes: (B,) int64, which map.
            bits: (..., B) int64, 64 random bits for each draw.

        Returns:
            The rows and the columns of the pixels, each (..., B) int64.
        """
        scaled = ((bits >> _SHARE_BITS) & (2**_PIXEL_BITS - 1)) * self.height
        rows = scaled >> _PIXEL_BITS
        cols = (scaled & (2**_PIXEL_BITS - 1)) * self.width >> _PIXEL_BITS
        entries = self._entries[(scenes * self.height + rows) * self.width + cols]
        share = (bits & (2**_SHARE_BITS - 1)) >> (_SHARE_BITS - self._bits)
        kept = share < ((entries >> self._code_bits) & (2**self._bits - 1))
        rows = torch.where(kept, rows, (entries >> self._col_bits) & (2**self._row_bits - 1))
        return rows, torch.where(kept, cols, entries & (2**self._col_bits - 1))

    def _make(self, maps: Tensor) -> Tensor:
        """Entries of n maps, (n, K) -> (n, K) int64: the share a pixel keeps, and its alias' row and column.

        Pixels that have less than an average share, the light ones, are filled up by the others, the heavy ones, both
        in the order of the map; a heavy one whose remainder gets light is filled up by the next heavy one. Where that
        happens follows from running sums of what light ones lack and of what heavy ones have too much
        (Huebschle-Schneider & Sanders, "Parallel weighted random sampling", ACM TOMS 48, 2022, section on sweeping).
        """
        count, unit = maps.shape[1], 2**self._bits
        shares = _rounded(maps, count * unit)
        missing, surplus = (unit - shares).clamp_min(0).cumsum(1), (shares - unit).clamp_min(0).cumsum(1)
        light = shares <= unit
        # A light pixel takes from the heavy one that has not given everything yet, and a heavy one from the next.
        alias = torch.searchsorted(surplus, torch.where(light, missing - (unit - shares), surplus), right=True)
        emptied = torch.searchsorted(missing, surplus).clamp_max(count - 1)
        kept = torch.where(light, shares, unit + surplus - missing.gather(1, emptied))
        alone = kept >= unit
        alias = torch.where(alone, torch.arange(count, device=maps.device), alias)
        code = ((alias // self.width) << self._col_bits) | alias % self.width
        return (torch.where(alone, 0, kept) << self._code_bits) | code


def _rounded(maps: Tensor, total: int) -> Tensor:
    """Maps in whole numbers that sum to `total`, (n, K) -> (n, K) int64; the largest makes up for the rounding."""
    _check(maps)
    maps = maps.double()
    shares = (maps / maps.sum(1, keepdim=True) * total).round().long()
    return shares.scatter_add(1, shares.argmax(1, keepdim=True), total - shares.sum(1, keepdim=True))


def _check(maps: Tensor) -> None:
    valid = maps.isfinite().all() & (maps >= 0).all() & (maps > 0).any(1).all()
    rule = "maps of saliency must be finite and non-negative, and positive somewhere"
    if maps.device.type != "cpu":
        torch._assert_async(valid, rule)  # pyright: ignore[reportPrivateImportUsage]
    elif not valid:
        raise ValueError(f"{rule}; these range from {maps.amin()} to {maps.amax()}")
