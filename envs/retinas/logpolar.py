"""The log-polar retina: rings around the fixation that widen outwards, as the visual field lies on the cortex."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..checks import check_number, check_whole
from .mip import MipSampler
from .retina import Retina, in_blocks, nearest_pixels, placed
from .windows import Windows


class LogPolar(Retina):
    """Samples on rings and wedges around the fixation: rows are rings, the innermost first; columns are wedges.

    Ring i of n lies at the radius r with ln(1 + r / a) = (i + 1/2) / n ln(1 + R / a), the logarithm that Schwartz
    (Vision Research 20, 1980) gives for the way from the retina to the cortex: nearly even spacing within a of the
    fixation, ever wider outside, doubled at a itself. Here a is fovea / 2 and R is `radius`. Wedge j of m lies at
    the angle 2 pi j / m: the first to the right of the fixation, the next ones further down, clockwise.

    What turns about the fixation moves along the columns of the view; what grows from it moves, outside the fovea,
    along its rows. The view wraps around from its last column to its first.

    Samples do not alias: each comes out of a mip pyramid around the fixation (means over 2^l x 2^l pixels, the first
    of which begins at the fixated pixel), bilinearly on the two levels around log2 of the width of its cell, that is,
    of the wider of ring and wedge there, and linearly between these.

    A fixation between pixels goes to the nearest one.

    Args:
        pictures: (N, S, S, C) uint8.
        fovea: number of rings, and the diameter in pixels within which they are at most twice as wide as in the
            centre, from 1 to 2 S.
        wedges: number of angles, from 1 to 1024; twice the number of rings when left out.
        radius: R in pixels, from 0.5 to 2 S; S / 2 when left out: the field of view is as wide as the picture.
        padding: grey level outside the picture, 0 to 255.

    Raises:
        TypeError: for numbers that are no numbers, or not whole ones where they count something.
        ValueError: for numbers out of range.
    """

    def __init__(
        self, pictures: Tensor, fovea: int, *, wedges: int | None = None, radius: float | None = None, padding: int = 0
    ):
        self.side = side = pictures.shape[1]
        check_whole("fovea", fovea, 1, 2 * side)
        self.rings, self.wedges = fovea, 2 * fovea if wedges is None else wedges
        self.radius = side / 2 if radius is None else radius
        check_whole("wedges", self.wedges, 1, 1024)
        check_number("radius", self.radius, 0.5, 2 * side)
        check_whole("padding", padding, 0, 255)
        self.padding = padding
        self.view_shape = (pictures.shape[3], self.rings, self.wedges)
        self._core = fovea / 2
        self._span = math.log1p(self.radius / self._core)
        self._sampler = MipSampler(*_grid(self.rings, self.wedges, self._core, self._span), pictures.device)
        self._windows = Windows(pictures, 2 * self._sampler.reach, padding)
        # What fills the cache are the pixels, or the samples, of which there are several floats at a time.
        self._bytes = max(self._windows.reach**2, 4 * self.rings * self.wedges) * pictures.shape[3]

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        """(B,) int64 picture indices, (B, 2) float32 fixations -> (B, C, fovea, wedges) uint8."""
        return in_blocks(self._look, scenes, fixations, self._bytes)

    def _look(self, scenes: Tensor, fixations: Tensor) -> Tensor:
        windows = self._windows(scenes, nearest_pixels(fixations, self.side) - self._sampler.reach)
        return self._sampler(windows).unflatten(1, (self.rings, self.wedges)).permute(0, 3, 1, 2)

    def inverse(self, views: Tensor) -> Tensor:
        """What views show, where it lies around the fixation, for people to look at.

        Between rings and wedges it is interpolated bilinearly; beyond the last ring it is padding.

        Args:
            views: (B, C, fovea, wedges) uint8.

        Returns:
            (B, C, D, D) uint8, D = 2 ceil(radius) + 1 pixels of the picture, the fixated one in the middle.
        """
        reach = math.ceil(self.radius)
        rows, cols = torch.meshgrid(*[torch.arange(-reach, reach + 1, device=views.device).float()] * 2, indexing="ij")
        radii = torch.hypot(rows, cols)
        rings = (torch.log1p(radii / self._core) / self._span * self.rings - 0.5).clamp(0, self.rings - 1)
        wedges = torch.atan2(rows, cols) / (2 * math.pi) * self.wedges
        ring, wedge = rings.floor().long(), wedges.floor().long()
        outwards, onwards = rings - ring, wedges - wedge
        shown = torch.zeros(1, device=views.device)
        for i, near in ((ring, 1 - outwards), ((ring + 1).clamp_max(self.rings - 1), outwards)):
            for j, beside in ((wedge, 1 - onwards), (wedge + 1, onwards)):
                shown = shown + views[:, :, i, j % self.wedges] * (near * beside)
        return shown.round().to(torch.uint8).masked_fill(radii > self.radius, self.padding)

    def in_place(self, view: Tensor, fixation: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse, within the last ring."""
        corner = nearest_pixels(fixation, self.side) - math.ceil(self.radius)
        picture, covered = placed(self.inverse(view[None])[0], corner, self.side)
        offsets = torch.cartesian_prod(*[torch.arange(self.side, device=view.device)] * 2) - corner
        radii = torch.hypot(*(offsets - math.ceil(self.radius)).T.float()).view(self.side, self.side)
        return picture, covered & (radii <= self.radius)

    def display(self, view: Tensor) -> tuple[Tensor, ...]:
        """The view, and its inverse."""
        return view, self.inverse(view[None])[0]


def _grid(rings: int, wedges: int, core: float, span: float) -> tuple[np.ndarray, np.ndarray]:
    """Where samples lie and how wide they are, in pixels. -> (rings * wedges, 2), (rings * wedges,) float64."""
    radii = core * np.expm1((np.arange(rings) + 0.5) / rings * span)
    angles = np.arange(wedges) * (2 * math.pi / wedges)
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    widths = np.maximum((radii + core) * span / rings, radii * (2 * math.pi / wedges))
    return (radii[:, None, None] * directions).reshape(-1, 2), widths.repeat(wedges)
