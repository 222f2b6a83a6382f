"""Gaussian blur."""

from __future__ import annotations

import torch
from torch import Tensor

from .weights import normalised, weighted_sum

_SHARP = 1e-2  # a deviation in pixels that leaves a picture as it is


def blur_radius(size: int) -> int:
    """Pixels on either side of the kernel for views of a size: a kernel of 3 for 32 and of 7 for 64, as in seq-JEPA."""
    return max(0, round((size - 10) / 20))


def blur(levels: Tensor, sigmas: Tensor, radius: int) -> Tensor:
    """Blur by Gaussians cut at a radius, along columns, then along rows; borders are mirrored about their last pixel.

    Args:
        levels: (B, 3, H, W) float32.
        sigmas: (B,) float32, deviations in pixels; 0 leaves a row as it is.
        radius: of the kernel in pixels, below H and W.

    Returns:
        (B, 3, H, W) float32.
    """
    weights, levels = _kernels(sigmas, radius), levels.int()
    for axis in (3, 2):
        size = levels.shape[axis]
        padded = _mirror(levels, axis, radius)
        pairs = [
            padded.narrow(axis, radius - k, size) + padded.narrow(axis, radius + k, size) for k in range(1, radius + 1)
        ]
        levels = weighted_sum([levels, *pairs], weights)
    return levels.float()


def _mirror(levels: Tensor, axis: int, radius: int) -> Tensor:
    """Continued by a radius on both sides of an axis."""
    before = levels.narrow(axis, 1, radius).flip(axis)
    after = levels.narrow(axis, levels.shape[axis] - 1 - radius, radius).flip(axis)
    return torch.cat([before, levels, after], dim=axis)


def _kernels(sigmas: Tensor, radius: int) -> Tensor:
    """Weights of the middle and of every pair of pixels beside it, (radius + 1, B, 1, 1, 1) int32."""
    places = torch.arange(-radius, radius + 1, device=sigmas.device)[:, None, None, None, None]
    sharpness = 0.5 / sigmas.double().clamp_min(_SHARP).square()[:, None, None, None]
    return normalised(torch.exp(-sharpness * places.square()))[radius:]
