"""Colour conversions: hue to RGB, and between sRGB and linear light (IEC 61966-2-1)."""

from __future__ import annotations

import torch
from torch import Tensor


def hsv_to_rgb(hue: Tensor, saturation: float, value: float) -> Tensor:
    """RGB of a hue in turns (0 red, 1/3 green, 2/3 blue; any real number wraps). (...) -> (..., 3) in [0, 1]."""
    offsets = torch.tensor([5.0, 3.0, 1.0], device=hue.device, dtype=hue.dtype)
    sextant = (offsets + 6 * hue[..., None]) % 6
    return value - value * saturation * torch.minimum(sextant, 4 - sextant).clamp(0, 1)


def srgb_to_linear(encoded: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1], elementwise."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """sRGB values of linear light in [0, 1], elementwise."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
