"""Brightness as people see it (ITU-R BT.601), and pictures that have nothing else."""

from __future__ import annotations

from torch import Tensor

_RED, _GREEN, _BLUE = 19595, 38470, 7471  # in 2**-16, as in Pillow; sums of levels are exact in float32


def luma(levels: Tensor) -> Tensor:
    """(B, 3, H, W) grey levels -> (B, H, W) grey levels."""
    red, green, blue = levels.unbind(1)
    total = (red * _RED).add_(green, alpha=_GREEN).add_(blue, alpha=_BLUE)
    return total.mul_(2.0**-16).round_()


def greyscale(levels: Tensor, chosen: Tensor) -> Tensor:
    """All three channels the luma in the rows that are chosen. (B, 3, H, W), (B,) bool -> (B, 3, H, W)."""
    chosen = chosen[:, None, None, None]
    return (levels * ~chosen).add_(luma(levels)[:, None] * chosen)
