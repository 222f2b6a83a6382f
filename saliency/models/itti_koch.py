"""Saliency from contrasts of intensity, colour and orientation (Itti, Koch & Niebur 1998).

"A model of saliency-based visual attention for rapid scene analysis", IEEE Transactions on Pattern Analysis and Machine
Intelligence 20(11), section 2. Where the paper leaves a choice, or is not followed to the letter:

- Pyramids halve with the binomial filter 1 5 10 10 5 1, so that a pixel lies amid the four that it stands for. Gabor
  filters are 9x9 pixels of period 7 in a Gaussian of 7/3, and orientation is the energy of an even and an odd one.
  Of neighbours that are equal the first is the local maximum.
- Equations 2 and 3 print the surround of a colour contrast with its sign turned around, so that a contrast would be a
  sum. It is a difference here, which is the double opponency that the text describes.
- Small pictures have fewer scales than nine, see `IttiKoch`.
"""

from __future__ import annotations

import math
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from .model import SaliencyModel, planes

_CENTRES = (2, 3, 4)
_SURROUNDS = (3, 4)  # scales coarser than the centre
_COARSEST = 8
_HALVING = (1, 5, 10, 10, 5, 1)
_ORIENTATIONS = 4
_PERIOD, _ENVELOPE, _REACH = 7.0, 7 / 3, 4  # of the Gabor filters, in pixels
_DIM = 0.1
_FLAT = 1e-5
"""A map that varies by less has nothing in it but rounding: pictures have steps of 1/255."""


class IttiKoch(SaliencyModel):
    """Centre minus surround across scales, in 42 maps of which those with few peaks count most.

    A pyramid of scales 0 to 8, each half the size of the one before; centres at scales 2, 3 and 4, each with the
    surrounds three and four scales coarser. The map is made at scale 4 and brought to the size of the picture.

    A picture of up to 128 pixels along its shorter side is a single pixel there before scale 8, which ends its pyramid.
    Its centres are earlier by the scales that it lacks, though not before scale 0: 96x96 pixels have scales 0 to 7 and
    centres at 1, 2 and 3. Surrounds that there are not even then are left out.
    """

    def _score(self, pictures: Tensor) -> Tensor:
        levels = _pyramid(_opponents(planes(pictures)))
        earlier = min(_CENTRES[0], _COARSEST + 1 - len(levels))
        centres = [centre - earlier for centre in _CENTRES]
        scales = {scale: _with_orientations(levels[scale]) for scale in range(centres[0], len(levels))}
        maps = torch.zeros_like(scales[centres[-1]])
        for centre in centres:
            for surround in (centre + coarser for coarser in _SURROUNDS if centre + coarser in scales):
                contrast = scales[centre] - _enlarge(scales[surround], surround - centre, scales[centre].shape)
                maps += _reduce(_promote(contrast.abs()), centres[-1] - centre)
        intensity, colour, orientation = maps[:, :1], maps[:, 1:3], _promote(maps[:, 3:])
        conspicuity = torch.cat([intensity, *(part.sum(1, keepdim=True) for part in (colour, orientation))], dim=1)
        saliency = _promote(conspicuity).mean(dim=1, keepdim=True)
        return _enlarge(saliency, centres[-1], levels[0].shape)[:, 0]


def _opponents(colours: Tensor) -> Tensor:
    """Intensity, red minus green and blue minus yellow. (N, 3, H, W) in [0, 1] -> (N, 3, H, W)."""
    intensity = colours.mean(dim=1, keepdim=True)
    bright = intensity > _DIM * intensity.amax(dim=(2, 3), keepdim=True)
    red, green, blue = torch.where(bright, colours / intensity, 0).split(1, dim=1)  # hue is not seen in the dark
    red_green = (red - (green + blue) / 2).relu() - (green - (red + blue) / 2).relu()
    yellow = ((red + green) / 2 - (red - green).abs() / 2 - blue).relu()
    return torch.cat([intensity, red_green, (blue - (red + green) / 2).relu() - yellow], dim=1)


def _pyramid(maps: Tensor) -> list[Tensor]:
    """The maps at scales 0, 1, ...: to the coarsest, or to that at which the shorter side is a single pixel."""
    levels = [maps]
    while len(levels) <= _COARSEST and min(levels[-1].shape[2:]) > 1:
        levels.append(_halve(levels[-1]))
    return levels


def _halve(maps: Tensor) -> Tensor:
    """Low-passed and subsampled; a side of odd length is rounded up. (N, K, h, w) -> (N, K, h', w')."""
    height, width = maps.shape[2:]
    reach = len(_HALVING) // 2 - 1
    maps = functional.pad(maps, (reach, reach + width % 2, reach, reach + height % 2), mode="replicate")
    return _halve_last(_halve_last(maps.mT).mT)


def _halve_last(maps: Tensor) -> Tensor:
    """Along the last axis, in sums of slices: GPUs round convolutions to ten bits unless they are told not to."""
    end = maps.shape[-1] - len(_HALVING) + 1
    parts = (maps[..., k : k + end : 2] * (tap / sum(_HALVING)) for k, tap in enumerate(_HALVING))
    return reduce(torch.add, parts)


def _reduce(maps: Tensor, scales: int) -> Tensor:
    for _ in range(scales):
        maps = _halve(maps)
    return maps


def _enlarge(maps: Tensor, scales: int, shape: torch.Size) -> Tensor:
    """Maps of a coarser scale interpolated at the pixels of a finer one, of which `shape` gives the size."""
    maps = functional.interpolate(maps, scale_factor=2**scales, mode="bilinear")
    return maps[:, :, : shape[2], : shape[3]]


def _with_orientations(opponents: Tensor) -> Tensor:
    """Intensity, colours and the energies of orientations. (N, 3, h, w) -> (N, 7, h, w)."""
    intensity = functional.pad(opponents[:, :1], (_REACH,) * 4, mode="replicate")
    even, odd = functional.conv2d(intensity, _gabors(opponents.device)).chunk(2, dim=1)
    return torch.cat([opponents, (even.square() + odd.square()).sqrt()], dim=1)


def _gabors(device: torch.device) -> Tensor:
    """Even and then odd filters for 0, 45, 90 and 135 degrees, blind to the mean, weights of 1 in all. (8, 1, 9, 9)."""
    line = torch.arange(-_REACH, _REACH + 1, device=device, dtype=torch.float32)
    rows, cols = torch.meshgrid(line, line, indexing="ij")
    envelope = torch.exp(-0.5 * (rows.square() + cols.square()) / _ENVELOPE**2)
    angles = (torch.arange(_ORIENTATIONS, device=device) * (math.pi / _ORIENTATIONS)).view(-1, 1, 1)
    phase = 2 * math.pi / _PERIOD * (cols * angles.cos() + rows * angles.sin())
    even = phase.cos() - (envelope * phase.cos()).sum(dim=(1, 2), keepdim=True) / envelope.sum()
    filters = envelope * torch.cat([even, phase.sin()])
    return (filters / filters.abs().sum(dim=(1, 2), keepdim=True))[:, None]


def _promote(maps: Tensor) -> Tensor:
    """The operator N: maps with one peak that towers above the others grow, relative to those with many alike.

    Each map is scaled to [0, 1] and multiplied by (1 - m)^2, m the mean of all its local maxima but the global one.
    """
    low, high = maps.amin(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)
    maps = torch.where(high - low > _FLAT, (maps - low) / (high - low), 0)
    peaks = _peaks(maps)
    count = peaks.sum(dim=(2, 3), keepdim=True)
    mean_of_others = ((maps * peaks).sum(dim=(2, 3), keepdim=True) - 1) / (count - 1).clamp(min=1)
    return maps * (1 - mean_of_others).square()


def _peaks(maps: Tensor) -> Tensor:
    """Where no neighbour is greater; of equal neighbours, the first is the peak. (N, K, h, w) -> (N, K, h, w) bool."""
    padded = functional.pad(maps, (1, 1, 1, 1), value=-math.inf)
    triples = torch.maximum(torch.maximum(padded[..., :-2], padded[..., 1:-1]), padded[..., 2:])
    before = torch.maximum(triples[..., :-2, :], padded[..., 1:-1, :-2])
    after = torch.maximum(triples[..., 2:, :], padded[..., 1:-1, 2:])
    return (maps > before) & (maps >= after)
