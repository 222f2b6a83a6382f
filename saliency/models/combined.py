"""Saliency from six classical channels, weighted so that human fixations are most probable."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from .channels.barrier import barrier_distance
from .channels.colours import lab
from .channels.gaussian import blur
from .channels.redness import redness
from .channels.skin import skin
from .channels.structure import structure
from .model import SMALLEST_SIDE, SaliencyModel, planes

WEIGHTS = {
    "corners": 1.33,
    "edges": -0.78,
    "surroundedness": 0.92,
    "chroma": -0.40,
    "redness": 0.29,
    "skin": 0.19,
    "across": -1.21,
    "down": -1.53,
    "height": -0.75,
}
"""Those under which the fixations of OSIE's observers are most probable, see `Combined`."""

PLACES = ("across", "down", "height")
"""The features that know the place of a pixel alone."""

_WORKING_SIDE, _MAP_SIDE = 200, 100
_FINE, _COARSE = 1.0, 4.0  # in pixels of the working size
_ACUITY = 2.5  # in pixels of the maps
_FLOOR, _FAINT = 0.1, 0.03
_LAPSES = 0.01


class Combined(SaliencyModel):
    """The probability of a fixation as an exponential of a weighted sum of channels (a log-linear model).

    Channels are seen at 200 pixels along the longer side of the picture, whatever its size, and smoothed by a Gaussian
    of 1/40 of it, 0.8 degrees of visual angle for observers who see a picture 33 degrees wide. Of all but skin the
    logarithm is taken; all have mean 0 and standard deviation 1 in every picture. One fixation of a hundred lands
    anywhere.

    - corners: variation of L*a*b* colours in two dimensions, the smaller eigenvalue of their structure tensor.
    - edges: variation in one dimension at least, the larger eigenvalue, over a wider range. Its weight is negative:
      of two places with as many corners, the one with fewer straight edges is looked at.
    - surroundedness: the minimum barrier distance of L*a*b* colours from the border.
    - chroma: distance from grey. Negative: it takes from saturated surfaces what the distance of colours gave too much.
    - redness: what is redder than its surround.
    - skin: what has the colour of skin.
    - across, down, height: places, a Gaussian around a point above the middle.

    Weights were fitted by maximum likelihood, all pictures counting the same, to 8,300 fixations of 15 observers on 60
    of the 700 pictures of OSIE (Xu et al., Journal of Vision 14(1), 2014; `scripts/fit_saliency.py` does it). With
    weights fitted to nine tenths of the pictures the others are predicted at 800x600 pixels with a normalised scanpath
    saliency (NSS) of 2.13 and 1.00 bit per fixation more than by the centre bias of the other pictures (standard
    deviations over pictures 0.79 and 0.65); places alone have 0.97 and 0.00, and one observer is predicted by the
    fourteen others with an NSS of 3.7. Weights fitted to ten pictures predict others as well; but which channels there
    are, and their scales, was chosen on the same 60. On their central squares at 96x96 pixels these weights have 1.83
    and 0.85. Without a channel, and with that channel and places alone:

    ==============  ============  ===========  =============  ============
    channel         NSS, without  NSS, by it   bits, without  bits, by it
    ==============  ============  ===========  =============  ============
    corners         1.68          1.71         0.71           0.72
    edges           2.01          1.25         0.95           0.36
    surroundedness  1.96          1.45         0.84           0.54
    chroma          2.04          1.00         0.95           0.04
    redness         2.09          1.34         0.97           0.30
    skin            2.05          1.12         0.97           0.11
    ==============  ============  ===========  =============  ============

    Args:
        weights: other weights, one for each name in WEIGHTS.

    Raises:
        ValueError: for other names.
    """

    chunk_pixels = 2**18

    def __init__(self, weights: Mapping[str, float] | None = None):
        weights = WEIGHTS if weights is None else weights
        if set(weights) != set(WEIGHTS):
            raise ValueError(f"weights of {sorted(weights)}: give one for each of {', '.join(WEIGHTS)}")
        self._weights = torch.tensor([float(weights[name]) for name in WEIGHTS])

    def _score(self, pictures: Tensor) -> Tensor:
        height, width = pictures.shape[1:3]
        return density(features(pictures), self._weights.to(pictures.device), height, width)


def density(maps: Tensor, weights: Tensor, height: int, width: int) -> Tensor:
    """How probable a fixation is at each pixel of a picture of that size, from its features and their weights.

    Args:
        maps: (N, K, h, w), see `features`.
        weights: (K,).
        height: H.
        width: W.

    Returns:
        (N, H, W), each with sum 1.
    """
    logarithms = torch.einsum("nkhw,k->nhw", maps, weights)[:, None]
    logarithms = functional.interpolate(logarithms, size=(height, width), mode="bilinear").flatten(1)
    return (1 - _LAPSES) * logarithms.softmax(dim=1).view(-1, height, width) + _LAPSES / (height * width)


def features(pictures: Tensor) -> Tensor:
    """What the weights multiply, in their order.

    Args:
        pictures: (N, H, W, 3) uint8.

    Returns:
        (N, 9, h, w) float32, 100 pixels along the longer side: channels, with mean 0 and standard deviation 1 in every
        picture, and then places.
    """
    colours = _resize(planes(pictures), _WORKING_SIDE, "bicubic").clamp(0, 1)
    opponents = lab(colours)
    coarse = _resize(opponents, _MAP_SIDE)
    contrasts = (
        structure(opponents, _FINE)[0],
        structure(opponents, _COARSE)[1],
        barrier_distance(coarse),
        coarse[:, 1:].square().sum(dim=1, keepdim=True).sqrt(),
        redness(opponents, _COARSE),
    )
    maps = blur(torch.cat([_resize(channel, _MAP_SIDE) for channel in (*contrasts, skin(colours))], dim=1), _ACUITY)
    maps = torch.cat([_logarithm(maps[:, :-1]), maps[:, -1:]], dim=1)
    return torch.cat([_standardise(maps), _places(maps)], dim=1)


def _logarithm(maps: Tensor) -> Tensor:
    """Of contrasts relative to the mean of the picture, so that what matters is how many times as strong they are."""
    return torch.log(maps + _FLOOR * maps.mean(dim=(2, 3), keepdim=True) + _FAINT)


def _standardise(maps: Tensor) -> Tensor:
    centred = maps - maps.mean(dim=(2, 3), keepdim=True)
    spread = centred.square().mean(dim=(2, 3), keepdim=True).sqrt()
    return centred / spread.clamp_min(_FAINT)


def _places(maps: Tensor) -> Tensor:
    """Squared distances across and down from the middle, and heights below it, in halves of the picture."""
    count, _, height, width = maps.shape
    down, across = ((torch.arange(side, device=maps.device) + 0.5) / side * 2 - 1 for side in (height, width))
    down, across = torch.meshgrid(down, across, indexing="ij")
    return torch.stack([across.square(), down.square(), down]).expand(count, -1, -1, -1)


def _resize(maps: Tensor, side: int, mode: str = "bilinear") -> Tensor:
    """Maps with `side` pixels along the longer side, and at least 8 along the other."""
    scale = side / max(maps.shape[2:])
    size = [max(SMALLEST_SIDE, round(length * scale)) for length in maps.shape[2:]]
    return functional.interpolate(maps, size=size, mode=mode, antialias=True)
