"""Shift of the hue on its circle, saturation and value (of HSV) kept."""

from __future__ import annotations

import torch
from torch import Tensor


def shift_hue(levels: Tensor, shifts: Tensor) -> Tensor:
    """Hues shifted by turns, (B,) float32; a whole turn, as 0, changes nothing. (B, 3, H, W) -> (B, 3, H, W).

    A channel is the value where the hue is within a sixth of a turn of its own, the value less the chroma where it is
    farther than a third, and linear between: the textbook's six cases in one formula.
    """
    red, green, blue = levels.unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    of_red, of_green = value == red, value == green
    hues = torch.where(of_red, green - blue, torch.where(of_green, blue - red, red - green))
    hues.div_(chroma.clamp_min(1).mul_(6)).add_(torch.where(of_red, 0.0, torch.where(of_green, 1 / 3, 2 / 3)))
    hues.add_(shifts[:, None, None])
    return torch.stack([_channel(hues - own, value, chroma) for own in (0.0, 1 / 3, 2 / 3)], dim=1)


def _channel(apart: Tensor, value: Tensor, chroma: Tensor) -> Tensor:
    """A channel whose own hue is so far from the pixel's, in turns, which is overwritten."""
    apart.sub_(apart.round()).abs_().mul_(6).sub_(1).clamp_(0, 1)
    return (value - apart.mul_(chroma)).round_()
