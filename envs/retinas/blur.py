"""The blur retina: the full picture, ever less sharp away from the fixation, as primates see."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..checks import check_number, check_whole
from .retina import Retina, in_blocks, nearest_pixels
from .windows import Windows

HALF_RESOLUTION = 2.3  # e2 in degrees, where acuity is half that in the centre
_LEVEL = 16  # steps in which sharpness is known from one level of the pyramid to the next
_GREY = 8  # steps in which grey levels are known: 255 of them, times 16, still fit into 16 bits


class Blur(Retina):
    """The picture in full, upright and in place, sharp in the fovea and blurred outside of it.

    The finest detail that the eye resolves at an eccentricity e falls as 1 / (e + e2), e2 = 2.3 degrees (Geisler &
    Perry, "Real-time foveated multiresolution system for low-bandwidth video communication", SPIE 3299, 1998, whose
    cutoff is f_c(e) = e2 ln(1/CT0) / (alpha (e + e2)) cycles per degree). Their constant for human eyes in the centre,
    39 cycles per degree, is not used: these would see every pixel of a small picture nearly everywhere. Instead the
    eye resolves the pixels of this picture just up to the border of the fovea, fovea / 2 pixels away, and outside of
    it log2((e + e2) / (e_fovea + e2)) octaves less.

    The picture comes out of its Gaussian pyramid (Burt & Adelson, 1983), without subsampling: each level is the one
    before smoothed by (1 4 6 4 1) / 16 in rows and columns, whose taps move apart twofold from level to level, and
    shows an octave less. Between levels the two are mixed linearly, to a sixteenth. Outside the picture is padding,
    which blurs into it. All this happens in whole numbers and is the same on any device.

    A fixation between pixels goes to the nearest one; around one outside, nothing is more blurred than one
    corner of the picture is to an eye on the opposite one.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: side of the square within which the view is at least nearly as sharp as the picture, from 1 to 2 S.
        degrees: the visual angle of the picture's side, more than 0 up to 360: over few degrees sharpness falls
            slowly, over many it falls as fast as the distance grows.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        TypeError: for a fovea or a padding that is not a whole number, or degrees that are no number.
        ValueError: for any of them out of range.
    """

    def __init__(self, pictures: Tensor, fovea: int, *, degrees: float = 30.0, padding: int = 0):
        self.side = side = pictures.shape[1]
        check_whole("fovea", fovea, 1, 2 * side)
        check_number("degrees", degrees, 0.1, 360)
        check_whole("padding", padding, 0, 255)
        channels = pictures.shape[3]
        self.view_shape = (channels, side, side)
        farthest = math.ceil(math.sqrt(2) * side)
        offsets = np.arange(-farthest, farthest + 1)
        octaves = _octaves(np.hypot(offsets[:, None], offsets), fovea, degrees / side)
        last = round(_LEVEL * octaves[farthest, -1])
        self.levels = math.ceil(last / _LEVEL)
        self._margin = 2 * (2**self.levels - 1)  # pixels beside the picture that are smoothed into it
        self._windows = Windows(pictures, side + 2 * self._margin, padding)
        self._bytes = self._windows.reach**2 * channels
        # The pyramid's level for each offset from the fixation, in sixteenths, as a picture; beyond it the last one.
        depths = (_LEVEL * octaves).round().clip(0, last).astype(np.uint8)
        depths = torch.from_numpy(depths[None, :, :, None].repeat(channels, axis=3)).to(pictures.device)
        self._depths = Windows(depths, side, last)
        self._centre = farthest

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, S, S) uint8."""
        return in_blocks(self._look, scenes, fixations, self._bytes)

    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """The view itself, which is the picture in full."""
        return view, torch.ones(self.side, self.side, dtype=torch.bool, device=view.device)

    def _look(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        windows = self._windows(scenes, torch.full_like(fixations, -self._margin, dtype=torch.int64))
        depths = self._depths(torch.zeros_like(scenes), self._centre - nearest_pixels(fixations, self.side))
        depths = depths.flatten(2).to(torch.int16)
        level = windows.flatten(2).to(torch.int16).mul_(_GREY)
        views = self._middle(level).clone()
        for finer in range(self.levels):
            sharp = self._middle(level)
            level = _smooth(_smooth(level, 1, 2**finer), 2, 2**finer * windows.shape[3])
            share = (depths - _LEVEL * finer).clamp_(0, _LEVEL)
            views += (self._middle(level) - sharp).mul_(share).add_(_LEVEL // 2).bitwise_right_shift_(4)
        views = views.add_(_GREY // 2).bitwise_right_shift_(3).to(torch.uint8)
        return views.unflatten(2, (self.side, -1)).permute(0, 3, 1, 2)

    def _middle(self, level: Tensor) -> Tensor:
        """The picture without what is left of the margin. (B, h, w * C) -> (B, S, S * C)."""
        margin = (level.shape[1] - self.side) // 2
        channels = level.shape[2] // level.shape[1]
        return level[:, margin : margin + self.side, margin * channels : (margin + self.side) * channels]


def _octaves(distances: np.ndarray, fovea: int, degree: float) -> np.ndarray:
    """How many octaves of detail are lost at distances in pixels, each of which is `degree` degrees."""
    lost = np.log2((distances * degree + HALF_RESOLUTION) / (fovea / 2 * degree + HALF_RESOLUTION))
    return np.maximum(lost, 0)


def _smooth(level: Tensor, dim: int, step: int) -> Tensor:
    """(1 4 6 4 1) / 16 along a dimension with taps `step` apart, rounded; 4 steps shorter. int16 from 0 to 2040."""
    length = level.shape[dim] - 4 * step
    first, second, third, fourth, fifth = (level.narrow(dim, tap * step, length) for tap in range(5))
    total = (first + fifth).add_(second, alpha=4).add_(fourth, alpha=4).add_(third, alpha=6)
    return total.add_(8).bitwise_right_shift_(4)
