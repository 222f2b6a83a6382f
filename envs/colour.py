"""Between sRGB and linear light (IEC 61966-2-1)."""

from __future__ import annotations

import torch
from torch import Tensor


def srgb_to_linear(encoded: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1], elementwise."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """sRGB values of linear light in [0, 1], elementwise."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
