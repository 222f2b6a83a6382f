"""Colour jitter: brightness, contrast, saturation and hue, in any order."""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor

from .greyscale import luma
from .hue import shift_hue

_CONTRAST, _SATURATION = 1, 2
_BLENDS = tuple(permutations(range(3)))
_PLACES = 4  # of the shift of hue among the three blends
ORDERS = len(_BLENDS) * _PLACES
"""How many orders there are."""


def jitter(levels: Tensor, factors: Tensor, shifts: Tensor, orders: Tensor) -> Tensor:
    """Every row in an order of its own.

    Brightness, contrast and saturation are blends of the picture with black, with the mean of its luma, and with its
    luma: factor 1 changes nothing, 0 leaves the other, and what leaves the grey levels is cut. As one formula serves
    all three, each row goes through its three blends, of which those that come before the shift of its hue are made
    then, the others afterwards.

    Args:
        levels: (B, 3, H, W) float32.
        factors: (B, 3) float32, of brightness, contrast and saturation.
        shifts: (B,) float32, of the hue, in turns.
        orders: (B,) int64 in [0, ORDERS).

    Returns:
        (B, 3, H, W) float32.
    """
    kinds = torch.tensor(_BLENDS, device=levels.device)[orders // _PLACES]
    early = torch.arange(3, device=levels.device) < (orders % _PLACES)[:, None]
    shares = torch.where(torch.cat([early, ~early], dim=1), factors.gather(1, kinds).repeat(1, 2), 1.0)
    of_mean, of_luma = ((1 - shares) * (kinds == kind).repeat(1, 2) for kind in (_CONTRAST, _SATURATION))
    blends = torch.stack([shares, of_mean, of_luma])[..., None, None, None].unbind(2)
    levels = levels.clone()
    for blend in blends[:3]:
        _blend(levels, *blend)
    levels = shift_hue(levels, shifts)
    for blend in blends[3:]:
        _blend(levels, *blend)
    return levels


def _blend(levels: Tensor, share: Tensor, of_mean: Tensor, of_luma: Tensor) -> None:
    """Shares of the levels, of the mean of their luma and of their luma, in place. (B, 3, H, W), (B, 1, 1, 1) each."""
    grey = luma(levels)[:, None]
    mean = grey.mean((1, 2, 3), dtype=torch.float64, keepdim=True).float()  # whole numbers add up exactly
    levels.mul_(share).add_(grey.mul_(of_luma).add_(mean.mul_(of_mean))).clamp_(0, 255).round_()
