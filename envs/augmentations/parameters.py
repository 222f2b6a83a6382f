"""The numbers that say how a picture is augmented: their units and bounds, and how seq-JEPA draws them.

Nine of them are what seq-JEPA calls the transformation (Ghaemi, Muller & Bakhtiari, NeurIPS 2025): `NAMES`. Their units
are fixed, and such that the differences of two lie in [-1, 1]:

- top, left, height, width of the crop: sides of the picture.
- brightness, contrast, saturation: 0 changes nothing, and -0.5 to 0.5 is the range of their factors, 0.6 to 1.4 for
  brightness and contrast, 0.8 to 1.2 for saturation.
- hue: -0.5 to 0.5 is a shift by -0.1 to 0.1 turns.
- blur: the deviation of the Gaussian in units of 2 pixels of the view.

The others stay hidden, as in seq-JEPA: `HIDDEN`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import draws
from .jitter import ORDERS

NAMES = ("top", "left", "height", "width", "brightness", "contrast", "saturation", "hue", "blur")
LATENTS: dict[str, tuple[int, ...]] = {
    "all": tuple(range(9)),
    "crop": (0, 1, 2, 3),
    "jitter": (4, 5, 6, 7),
    "blur": (8,),
}
"""Which of the nine are part of actions, by name."""

LEAST_SIDE = 0.25
LOW = (0.0, 0.0, LEAST_SIDE, LEAST_SIDE, -0.5, -0.5, -0.5, -0.5, 0.0)
HIGH = (1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 1.0)
UNTOUCHED = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""The whole picture as it is."""

HIDDEN = ("flip", "greyscale", "solarise", "order")
"""Three coins, 0 or 1, and which of the orders the jitter has, a whole number."""
HIDDEN_HIGH = (1.0, 1.0, 1.0, ORDERS - 1.0)

_ORIGINS = (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0)
_UNITS = (1.0, 1.0, 1.0, 1.0, 0.8, 0.8, 0.4, 0.2, 2.0)

_AREA, _RATIO, _ATTEMPTS = (0.2, 1.0), (3 / 4, 4 / 3), 10
_FLIPPED, _JITTERED, _GREY = 0.5, 0.8, 0.2
_BLURRED, _BLURRED_TARGET, _SOLARISED_TARGET = 1.0, 0.1, 0.2
_LEAST_SIGMA = 0.1  # pixels


def physical(parameters: Tensor) -> Tensor:
    """Parameters as factors, turns and pixels: what the released code puts into its vectors, but for crops in sides.

    (..., 9) or, without blur, (..., 8) float32, likewise.
    """
    count = parameters.shape[-1]
    units, origins = (torch.tensor(values[:count], device=parameters.device) for values in (_UNITS, _ORIGINS))
    return parameters * units + origins


def draw_parameters(seeds: Tensor, step: int | Tensor, side: int, target: bool | Tensor) -> Tensor:
    """The nine, as seq-JEPA draws them after EquiMod (Devillers & Lefort, ICLR 2023).

    Crops as by torchvision's RandomResizedCrop: an area of 0.2 to 1, a ratio of sides of 3/4 to 4/3, in whole pixels.
    Jitter with probability 0.8, uniform over the range of each number. Blur always, in target views with probability
    0.1, uniform from 0.1 to 2 pixels.

    Args:
        seeds: (B,) int64 episode seeds.
        step: the number of the view.
        side: of the pictures, in pixels.
        target: whether the view is a target; (B,) bool where it differs between rows.

    Returns:
        (B, 9) float32.
    """
    jittered = draws.uniform(seeds, step, "jittered") < _JITTERED
    jitter = torch.where(jittered, draws.uniform(seeds, step, "jitter", 4) - 0.5, 0.0)
    chance, share = draws.uniform(seeds, step, "blur", 2).unbind(1)
    sigmas = _LEAST_SIGMA + share * (_UNITS[-1] - _LEAST_SIGMA)
    blurred = chance < _BLURRED + (_BLURRED_TARGET - _BLURRED) * target
    blur = torch.where(blurred, sigmas / _UNITS[-1], 0.0)
    return torch.cat([_draw_crops(seeds, step, side), jitter, blur[:, None]], dim=1)


def draw_hidden(seeds: Tensor, step: int | Tensor, target: bool | Tensor) -> Tensor:
    """The hidden ones: flip with probability 0.5, greyscale with 0.2, solarisation with 0.2 in target views only.

    Arguments as in `draw_parameters`. Returns (B, 4) float32.
    """
    flipped, grey, solarised = draws.uniform(seeds, step, "coins", 3).unbind(1)
    coins = [flipped < _FLIPPED, grey < _GREY, solarised < _SOLARISED_TARGET * target]
    order = draws.integers(seeds, step, "order", ORDERS)[:, 0]
    return torch.stack([*coins, order], dim=1).float()


def _draw_crops(seeds: Tensor, step: int | Tensor, side: int) -> Tensor:
    """(B, 4) float32: of several draws the first that fits into the picture, the whole picture if none does."""
    u = draws.uniform(seeds, step, "crop", 2 * _ATTEMPTS + 2, torch.float64)
    areas = _AREA[0] + u[:, :_ATTEMPTS] * (_AREA[1] - _AREA[0])
    low, high = (math.log(ratio) for ratio in _RATIO)
    root = torch.exp((low + u[:, _ATTEMPTS:-2] * (high - low)) / 2)
    heights, widths = ((side * sides).round() for sides in (areas.sqrt() / root, areas.sqrt() * root))
    fits = (heights <= side) & (widths <= side)
    first = fits.int().argmax(1, keepdim=True)
    fitting = fits.any(1, keepdim=True)
    height, width = (torch.where(fitting, sides.gather(1, first), side) for sides in (heights, widths))
    corner = (u[:, -2:] * (side + 1 - torch.cat([height, width], dim=1))).floor()
    return (torch.cat([corner, height, width], dim=1) / side).float()
