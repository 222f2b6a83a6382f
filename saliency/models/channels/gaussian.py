"""Gaussian smoothing of maps."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def blur(maps: Tensor, sigma: float) -> Tensor:
    """Maps smoothed by a Gaussian cut off at three standard deviations; the outermost pixels go on outside.

    Args:
        maps: (N, K, H, W) float32.
        sigma: standard deviation in pixels, > 0.
    """
    reach = math.ceil(3 * sigma)
    offsets = torch.arange(-reach, reach + 1, device=maps.device)
    kernel = torch.exp(-0.5 * (offsets / sigma).square())
    kernel = kernel / kernel.sum()
    single = functional.pad(maps.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
    single = functional.conv2d(functional.conv2d(single, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return single.view_as(maps)
