"""Pictures of nothing in particular, with the statistics of natural ones.

A background is noise, in part hidden by "dead leaves". The noise has the amplitude spectrum of photographs, 1/f**a with
a near 1 (Field, "Relations between the statistics of natural images and the response properties of cortical cells",
JOSA A 1987), but random phases and so no edges. The leaves are opaque shapes that hide one another, with sizes r of
density r**-3; they bring edges and the heavy-tailed gradients of photographs (Lee, Mumford & Huang, "Occlusion models
for natural images", IJCV 2001). Colours vary along the principal axes of the colours of photographs: brightness, blue
against red, green against both (Ohta, Kanade & Sakai, "Color information for region segmentation", CGIP 1980), and
as much as in those of Caltech-101. All this is in sRGB values, like the measurements on photographs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import draws

_LEAVES = 64  # at most 255, their numbers being bytes
_LEAF_RADII = (0.03, 0.5)  # in sides of the picture
_EXPONENTS = (0.9, 1.2)  # of the noise, drawn per axis of colour
_PERIOD = 1.25  # of the noise, in sides: a Fourier series repeats itself, a cut-out of it does not
_BRIGHTNESS = (0.25, 0.75)  # mean
_CHROMA = (0.06, 0.02)  # standard deviation over pictures of their mean (R-B)/2 and (2G-R-B)/4
_SPREADS = (1.0, 0.27, 0.09)  # within a picture, of the three axes relative to brightness
_LEAF_CONTRAST = (0.1, 0.4)  # standard deviation of brightness
_NOISE_CONTRAST = (0.03, 0.17)


def make_backgrounds(seeds: Tensor, size: int, contrast: float = 1.0) -> Tensor:
    """Draw one background per seed; a row depends on its seed, the size and the contrast alone.

    Args:
        seeds: (B,) int64.
        size: side in pixels.
        contrast: share of the contrast of photographs, from 0 (one plain colour) to 1.

    Returns:
        (B, 3, size, size) float32 sRGB in [0, 1], on the device of the seeds.
    """
    leaf = _leaves(seeds, size).flatten(1)
    colours, contrasts = _palette(seeds, contrast)
    picture = _noise(seeds, size).flatten(2) * contrasts.gather(1, leaf)[:, None]
    picture += colours.gather(2, leaf[:, None].expand(-1, 3, -1))
    return _soften(_to_rgb(picture).unflatten(2, (size, size)), seeds).clamp_(0, 1)


def axes_of(centre: Tensor, angle: Tensor, half: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Coordinates in which shapes in a picture are the unit disc or the square from -1 to 1, as sums of two terms.

    Args:
        centre: (..., 2) row and column, in sides of the picture.
        angle: (...) of the first axis against the picture's rows, in radians.
        half: (..., 2) half the extent along the first and the second axis, in sides.
        size: side of the picture in pixels.

    Returns:
        Terms (..., size, 1) of the row and (..., 1, size) of the column, first for u, then for v.
    """
    pixels = (torch.arange(size, device=centre.device) + 0.5) / size
    down, right = (pixels - centre[..., i, None] for i in (0, 1))
    cos, sin = torch.cos(angle)[..., None], torch.sin(angle)[..., None]
    first, second = half[..., 0, None], half[..., 1, None]
    rows = (sin * down / first)[..., None], (cos * down / second)[..., None]
    columns = (cos * right / first)[..., None, :], (-sin * right / second)[..., None, :]
    return rows[0], columns[0], rows[1], columns[1]


def between(u: Tensor, limits: tuple[float, float]) -> Tensor:
    """Maps [0, 1) to the limits."""
    return limits[0] + u * (limits[1] - limits[0])


def _leaves(seeds: Tensor, size: int) -> Tensor:
    """The number of the leaf on top, 1 to _LEAVES, or 0 where there is none: (B, size, size) int64."""
    u = draws.uniform(seeds, 0, "leaves", 5 * _LEAVES).unflatten(1, (_LEAVES, 5))
    largest, smallest = (r**-2 for r in _LEAF_RADII[::-1])
    radius = (smallest - u[..., 0] * (smallest - largest)) ** -0.5  # density r**-3 within the limits
    clutter = between(draws.uniform(seeds, 0, "clutter"), (0.2, 1.0)) * _LEAVES
    radius = torch.where(torch.arange(_LEAVES, device=seeds.device) < clutter, radius, 1e-6)
    stretch = 2.0 ** (u[..., 1] - 0.5)
    half = torch.stack([radius * stretch, radius / stretch], -1)
    centre = between(u[..., 3:], (-0.1, 1.1))
    axes = [term.movedim(1, 0) for term in axes_of(centre, math.pi * u[..., 2], half, size)]

    top = torch.zeros(len(seeds), size, size, dtype=torch.uint8, device=seeds.device)
    for k, (u_rows, u_columns, v_rows, v_columns) in enumerate(zip(*axes, strict=True), start=1):
        u, v = (u_rows + u_columns).square_(), (v_rows + v_columns).square_()
        reach = u.add_(v) if k % 2 else torch.maximum(u, v)  # an ellipse or a box
        torch.maximum(top, (reach < 1).view(torch.uint8) * k, out=top)
    return top.long()


def _noise(seeds: Tensor, size: int) -> Tensor:
    """Noise along the three axes of colour, (B, 3, size, size) float32, whose variances are _SPREADS squared."""
    period = 2 * math.ceil(_PERIOD * size / 2)
    shape = (3, period, period // 2 + 1)
    device = seeds.device
    words = draws.bits(seeds, 0, "phases", -(-math.prod(shape) // 4))
    quarters = words[:, :, None] >> torch.arange(0, 64, 16, device=device) & 0xFFFF  # 16 bits are plenty for a phase
    phase = quarters.flatten(1)[:, : math.prod(shape)].float().mul_(2 * math.pi / 2**16).unflatten(1, shape)

    rows = torch.fft.fftfreq(period, 1 / period, device=device)
    columns = torch.arange(period // 2 + 1, device=device)
    octaves = torch.hypot(rows[:, None], columns).clamp_min(1).log_()
    exponent = between(draws.uniform(seeds, 0, "exponents", 3), _EXPONENTS)
    amplitude = (-exponent[..., None, None] * octaves).exp_()
    amplitude[..., 0, 0] = 0
    amplitude[..., -1] = 0  # the Nyquist frequency has no phase of its own
    twice = torch.where(columns > 0, 2.0, 1.0)  # these stand for their mirror images as well
    scale = amplitude.new_tensor(_SPREADS) / (amplitude.square() * twice).sum((2, 3)).sqrt()
    waves = torch.polar(amplitude * scale[..., None, None], phase)
    half = period // 2
    waves[..., half + 1 :, 0] = waves[..., 1:half, 0].flip(-1).conj()
    waves[..., half, 0] = 0
    return torch.fft.irfft2(waves, norm="forward")[..., :size, :size]


def _palette(seeds: Tensor, contrast: float) -> tuple[Tensor, Tensor]:
    """Colour, (B, 3, 1 + _LEAVES) along the axes, and contrast of the noise, (B, 1 + _LEAVES), per leaf."""
    u = draws.uniform(seeds, 0, "palette", 3)
    leaves = draws.normal(seeds, 0, "leaf colours", 3 * _LEAVES).unflatten(1, (3, _LEAVES))
    spreads = leaves.new_tensor(_SPREADS)[:, None]
    leaves *= contrast * between(u[:, :1, None], _LEAF_CONTRAST) * spreads
    mean = draws.normal(seeds, 0, "mean colour", 3) * leaves.new_tensor((0.0, *_CHROMA))
    mean[:, 0] += between(u[:, 1], _BRIGHTNESS)
    colours = F.pad(leaves, (1, 0)) + mean[..., None]

    roughness = draws.uniform(seeds, 0, "leaf contrasts", _LEAVES)
    contrasts = contrast * between(u[:, 2:], _NOISE_CONTRAST) * F.pad(roughness, (1, 0), value=1.0)
    return colours, contrasts


def _to_rgb(colours: Tensor) -> Tensor:
    """From brightness (R+G+B)/3, (R-B)/2, (2G-R-B)/4 to red, green, blue; (B, 3, N)."""
    inverse = colours.new_tensor([[1, 1, -2 / 3], [1, 0, 4 / 3], [1, -1, -2 / 3]])
    return inverse @ colours


def _soften(pictures: Tensor, seeds: Tensor) -> Tensor:
    """Blurs pixels with their neighbours (1, 2, 1), more or less: no lens is perfect."""
    smooth = F.pad(pictures, (1, 1, 1, 1), mode="replicate")
    for _ in range(2):
        smooth = smooth[:, :, 1:] + smooth[:, :, :-1]
        smooth = smooth[..., 1:] + smooth[..., :-1]
    return torch.lerp(pictures, smooth / 16, between(draws.uniform(seeds, 0, "softness"), (0.0, 0.6))[..., None, None])
