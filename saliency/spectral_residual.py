"""Saliency by the spectral residual (Hou & Zhang, "Saliency detection: a spectral residual approach", CVPR 2007)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WORKING_SIDE = 64
_BLUR_SIGMA = 2.5
_CHUNK = 256


def spectral_residual(pictures: Tensor) -> Tensor:
    """Saliency maps of pictures.

    The paper's method at its working size of 64 pixels (or the size of the picture, where that is smaller): the log
    amplitude spectrum of the grey picture minus its 3x3 mean, put back with the phase, squared, and smoothed; then
    brought to the size of the picture.

    Args:
        pictures: (N, S, S, 3) uint8, S at least 8.

    Returns:
        (N, S, S) float32, positive, each map with sum 1.
    """
    return torch.cat([_maps(chunk) for chunk in pictures.split(_CHUNK)])


def _maps(pictures: Tensor) -> Tensor:
    side = pictures.shape[1]
    grey = pictures.float().mean(dim=-1, keepdim=True).permute(0, 3, 1, 2) / 255
    working = min(side, _WORKING_SIDE)
    grey = functional.interpolate(grey, size=(working, working), mode="bilinear", antialias=True)
    spectrum = torch.fft.fft2(grey)
    log_amplitude = torch.log(spectrum.abs() + 1e-8)
    smooth = functional.avg_pool2d(functional.pad(log_amplitude, (1, 1, 1, 1), mode="circular"), 3, stride=1)
    residual = torch.polar(torch.exp(log_amplitude - smooth), spectrum.angle())
    maps = _blur(torch.fft.ifft2(residual).abs().square())
    maps = functional.interpolate(maps, size=(side, side), mode="bilinear")[:, 0].clamp_min(0) + 1e-12
    return maps / maps.sum(dim=(1, 2), keepdim=True)


def _blur(maps: Tensor) -> Tensor:
    reach = int(3 * _BLUR_SIGMA)
    offsets = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (offsets / _BLUR_SIGMA).square())
    kernel = kernel / kernel.sum()
    maps = functional.pad(maps, (reach, reach, reach, reach), mode="reflect")
    return functional.conv2d(functional.conv2d(maps, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
