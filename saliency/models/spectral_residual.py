"""Saliency by the spectral residual (Hou & Zhang, "Saliency detection: a spectral residual approach", CVPR 2007)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .model import SMALLEST_SIDE, SaliencyModel, planes

_WORKING_SIDE = 64
_BLUR_SIGMA = 2.5
_FLOOR = 1e-4
"""Added to amplitudes (grey in [0, 1]): above the rounding of a Fourier transform, far below that of 8-bit pictures."""


class SpectralResidual(SaliencyModel):
    """What is unexpected in the spectrum of a picture.

    The paper's method (section 3) at its working size, 64 pixels along the longer side (or the size of the picture,
    where that is smaller; at least 8 along the shorter): the log amplitude spectrum of the grey picture minus its
    3x3 mean, put back with the phase, squared, smoothed (a Gaussian of 2.5 pixels, as in the authors' code), and
    brought to the size of the picture.
    """

    def _score(self, pictures: Tensor) -> Tensor:
        size = pictures.shape[1:3]
        scale = min(1.0, _WORKING_SIDE / max(size))
        working = [max(SMALLEST_SIDE, round(side * scale)) for side in size]
        grey = planes(pictures).mean(dim=1, keepdim=True)
        grey = functional.interpolate(grey, size=working, mode="bilinear", antialias=True)
        spectrum = torch.fft.fft2(grey)
        log_amplitude = torch.log(spectrum.abs() + _FLOOR)
        smooth = functional.avg_pool2d(functional.pad(log_amplitude, (1, 1, 1, 1), mode="circular"), 3, stride=1)
        residual = torch.fft.ifft2(spectrum / smooth.exp())  # exp(log amplitude - its mean), with the phase
        maps = _blur(residual.abs().square())
        return functional.interpolate(maps, size=size, mode="bilinear")[:, 0]


def _blur(maps: Tensor) -> Tensor:
    reach = int(3 * _BLUR_SIGMA)
    offsets = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (offsets / _BLUR_SIGMA).square())
    kernel = kernel / kernel.sum()
    maps = functional.pad(maps, (reach, reach, reach, reach), mode="reflect")
    return functional.conv2d(functional.conv2d(maps, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
