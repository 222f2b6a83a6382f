"""Saliency by surroundedness (Zhang & Sclaroff, "Saliency detection: a Boolean map approach", ICCV 2013)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .channels.colours import lab
from .channels.gaussian import blur
from .channels.reconstruction import reach_of_border
from .model import SMALLEST_SIDE, SaliencyModel, planes

_WORKING_SIDE = 200
_STEP = 8
_OPENING, _DILATION, _LAST_DILATION, _BLUR_SIGMA = 5 / 600, 7 / 600, 23 / 600, 20 / 600
"""The paper's, as shares of the longer side, which is 600 pixels there."""


class BooleanMaps(SaliencyModel):
    """What regions of light, dark or colour surround, over all thresholds.

    The paper's method (algorithm 1): each channel of CIE L*a*b*, in 8 bits, is cut at thresholds 0, 8, ..., 248 into
    Boolean maps and their inverses, which are opened; regions of either value that do not touch the border are marked,
    dilated and divided by their norm; the sum is dilated and smoothed. Regions are 4-connected.

    It is done at 200 pixels along the longer side (or the size of the picture, where that is smaller; at least 8 along
    the shorter), a third of the paper's. The widths of the opening, 5, of the dilations, 7 and 23, and of the Gaussian,
    20 pixels at 600, shrink with it, the former to the nearest odd number.
    """

    chunk_pixels = 2**18

    def _score(self, pictures: Tensor) -> Tensor:
        size = pictures.shape[1:3]
        scale = min(1.0, _WORKING_SIDE / max(size))
        working = [max(SMALLEST_SIDE, round(side * scale)) for side in size]
        colours = functional.interpolate(planes(pictures), size=working, mode="bilinear", antialias=True)
        maps = attention(_eight_bits(lab(colours)), *(_odd(share * max(working)) for share in (_OPENING, _DILATION)))
        maps = _dilate(maps[:, None], _odd(_LAST_DILATION * max(working)))
        maps = blur(maps, _BLUR_SIGMA * max(working))
        return functional.interpolate(maps, size=size, mode="bilinear")[:, 0]


def attention(channels: Tensor, opening: int, dilation: int) -> Tensor:
    """The sum of the attention maps of all Boolean maps.

    A map is connected to the border, above each threshold at once, where its reach of the border is above it: no map
    is filled threshold by threshold.

    Args:
        channels: (N, K, H, W) float32 in [0, 255].
        opening: width of the square by which Boolean maps are opened, odd.
        dilation: width of the square by which surrounded regions are dilated, odd.

    Returns:
        (N, H, W), non-negative.
    """
    total = torch.zeros_like(channels[:, 0])
    for opened in (_open(channels, opening), -_open(-channels, opening)):  # opening an inverse closes the map
        single = opened.flatten(0, 1)
        highest = reach_of_border(single).view_as(opened)
        lowest = -reach_of_border(-single).view_as(opened)
        for threshold in range(0, 256, _STEP):
            surrounded = (highest <= threshold) & (opened > threshold) | (opened <= threshold) & (lowest > threshold)
            marked = _dilate(surrounded.float(), dilation)
            norm = marked.sum(dim=(2, 3), keepdim=True).sqrt()  # of ones
            total += (marked / norm.clamp_min(1)).sum(dim=1)
    return total


def _eight_bits(colours: Tensor) -> Tensor:
    """L*a*b* in the range of bytes: L* stretched from 100 to 255, a* and b* moved by 128."""
    lightness, opponents = colours[:, :1] * 2.55, colours[:, 1:] + 128
    return torch.cat([lightness, opponents], dim=1)


def _dilate(maps: Tensor, width: int) -> Tensor:
    return functional.max_pool2d(maps, width, stride=1, padding=width // 2)


def _open(maps: Tensor, width: int) -> Tensor:
    """Grey-level opening: at every threshold, the opening of the Boolean map."""
    return _dilate(-_dilate(-maps, width), width)


def _odd(width: float) -> int:
    """The nearest odd number, from 1."""
    return 2 * round(max(0.0, width - 1) / 2) + 1
