"""Draws of pixels from many maps at once, by the alias method: two look-ups a draw, whatever the size of a map."""

from __future__ import annotations

import torch
from torch import Tensor

_PLACE_BITS = 40  # of the 64 random bits of a draw; they choose a block and whether it keeps the draw
_PIXEL_BITS = 64 - _PLACE_BITS  # they choose a pixel of the block
_PLACES = 1 << _PLACE_BITS
_SHARE_BITS = 24  # of the share that a block keeps, where there is room for as many
_FEWEST_SHARE_BITS = 18  # enough for what the class promises
_CHUNK = 2**18  # pixels of maps worked on at a time, few enough for a cache


class AliasTables:
    """Tables of N maps of H x W pixels, from which pixels are drawn with probabilities in proportion to the maps.

    A draw chooses a block, of four neighbouring pixels (or two or one, where the maps do not divide by four), and then
    a pixel of it by their values in the map. Each of K blocks stands for 1 / K of all draws. It keeps a share of
    these, and leaves the others to one other block, its alias (Walker, "An efficient method for generating discrete
    random variables with general distributions", ACM TOMS 3, 1977).

    Beside the maps the tables take a byte a pixel, up to 256 x 256 pixels, and two for larger maps. Probabilities of
    blocks are rounded to multiples of 2**-18 / K or finer; so rounded they are drawn exactly, as shares are whole
    numbers. All roundings together change a map by less than 1e-6 in total variation. Pixels of probability 0 are never
    drawn.

    Args:
        maps: (N, H, W) floating point, finite, non-negative, each with a positive sum. Contiguous ones are not copied.

    Raises:
        TypeError, ValueError: for other maps; on other devices than the CPU a RuntimeError at a later operation.
    """

    def __init__(self, maps: Tensor):
        if not isinstance(maps, Tensor):
            raise TypeError(f"maps must be a torch tensor, (N, H, W), got {type(maps).__name__}")
        if maps.ndim != 3 or not maps.is_floating_point() or 0 in maps.shape:
            raise TypeError(f"maps are {tuple(maps.shape)} {maps.dtype}; give (N, H, W) floating point, none of them 0")
        self._width = maps.shape[2]
        self._block = next(size for size in (4, 2, 1) if maps[0].numel() % size == 0)
        self._count = maps[0].numel() // self._block
        self._code_bits = (self._count - 1).bit_length()
        small = self._code_bits + _FEWEST_SHARE_BITS <= 32
        self._bits = min(_SHARE_BITS, (32 if small else 63) - self._code_bits)
        self._blocks = maps.contiguous().view(-1, self._block)
        chunks = maps.split(max(1, _CHUNK // maps[0].numel()))
        kind = torch.int32 if small else torch.int64
        self._entries = torch.cat([self._make(chunk).to(kind).flatten() for chunk in chunks])

    def draw(self, scenes: Tensor, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Draw pixels from maps.

        Args:
            scenes: (B,) int64, which map.
            bits: (..., B) int64, 64 random bits for each draw.

        Returns:
            The rows and the columns of the pixels, each (..., B) int64.
        """
        scaled = ((bits >> _PIXEL_BITS) & (_PLACES - 1)) * self._count
        places = scaled >> _PLACE_BITS
        share = (scaled & (_PLACES - 1)) >> (_PLACE_BITS - self._bits)
        first = scenes * self._count
        entries = _look_up(self._entries, first + places)
        kept = share < ((entries >> self._code_bits) & ((1 << self._bits) - 1))
        places = torch.where(kept, places, entries & ((1 << self._code_bits) - 1))
        sums = _look_up(self._blocks, first + places).double().cumsum(-1)
        drawn = (bits[..., None] & ((1 << _PIXEL_BITS) - 1)) * 2.0**-_PIXEL_BITS * sums[..., -1:]
        pixels = places * self._block + torch.searchsorted(sums, drawn, right=True)[..., 0]
        rows = pixels // self._width
        return rows, pixels - rows * self._width

    def _make(self, maps: Tensor) -> Tensor:
        """Entries of n maps, (n, H, W) -> (n, K) int64: the share a block keeps, and its alias.

        Blocks that have less than an average share, the light ones, are filled up by the others, the heavy ones, both
        in the order of the map; a heavy one whose remainder gets light is filled up by the next heavy one. Where that
        happens follows from running sums of what light ones lack and of what heavy ones have too much
        (Huebschle-Schneider & Sanders, "Parallel weighted random sampling", ACM TOMS 48, 2022, section on sweeping).
        """
        _check(maps)
        weights = maps.double().reshape(len(maps), -1, self._block).sum(2)
        count, unit = self._count, 1 << self._bits
        shares = _rounded(weights, count * unit)
        missing, surplus = (unit - shares).clamp_min(0).cumsum(1), (shares - unit).clamp_min(0).cumsum(1)
        light = shares <= unit
        # A light block takes from the heavy one that has not given everything yet, and a heavy one from the next.
        alias = torch.searchsorted(surplus, torch.where(light, missing - (unit - shares), surplus), right=True)
        emptied = torch.searchsorted(missing, surplus).clamp_max(count - 1)
        kept = torch.where(light, shares, unit + surplus - missing.gather(1, emptied))
        alone = kept >= unit
        alias = torch.where(alone, torch.arange(count, device=maps.device), alias)
        return (torch.where(alone, 0, kept) << self._code_bits) | alias


def _rounded(weights: Tensor, total: int) -> Tensor:
    """Weights in whole numbers that sum to `total`, (n, K) -> (n, K) int64; the largest makes up for the rounding."""
    shares = (weights / weights.sum(1, keepdim=True) * total).round().long()
    return shares.scatter_add(1, shares.argmax(1, keepdim=True), total - shares.sum(1, keepdim=True))


def _look_up(table: Tensor, places: Tensor) -> Tensor:
    """Rows of a table, which this is several times as fast for as indexing. (R, ...), (...) int64 -> (..., ...)."""
    return table.index_select(0, places.flatten()).unflatten(0, places.shape)


def _check(maps: Tensor) -> None:
    valid = maps.isfinite().all() & (maps >= 0).all() & (maps > 0).flatten(1).any(1).all()
    rule = "maps of saliency must be finite and non-negative, and positive somewhere"
    if maps.device.type != "cpu":
        torch._assert_async(valid, rule)  # pyright: ignore[reportPrivateImportUsage]
    elif not valid:
        raise ValueError(f"{rule}; these range from {maps.amin()} to {maps.amax()}")
