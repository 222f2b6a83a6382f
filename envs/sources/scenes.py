"""The built-in source of pictures: one thing in front of a natural-looking background, endless and fully labelled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .. import draws, rotations
from ..checks import check_number, check_whole
from ..devices import resolve_device
from ..progress import progress
from .backgrounds import axes_of, between, make_backgrounds
from .banks import PictureSet, Split
from .shapes import make_shapes

if TYPE_CHECKING:
    from ..renderer import Renderer

_CHUNK = 16  # pictures at a time: they stay in the cache, and memory does not grow with the count
_SPRITE = 5 / 6  # side of the rendered thing's picture, in sides of the picture
_EXTENT = (0.5, 0.85)  # longer side of the thing, in sides of the picture
_YAW = math.radians(60)  # either way, from the thing's own front
_ELEVATION = (math.radians(5), math.radians(50))  # of the camera above the thing
_ROLL = math.radians(10)  # either way
_CONTRAST = 0.22  # least distance of the thing's mean colour from that of what it hides, sRGB in [0, 1]
_DISTRACTORS = 3
_DISTRACTOR_RADII = (0.05, 0.14)  # in sides of the picture


def make_scenes(
    split: Split,
    count: int,
    size: int = 96,
    seed: int = 0,
    device: str | torch.device = "cpu",
    clutter: float = 1.0,
) -> PictureSet:
    """Pictures of single things, of the classes of `make_shapes`, with the mask of the thing.

    The thing is upright, but for up to 10 degrees, seen within 60 degrees of its front, as people take pictures of
    things (Palmer, Rosch & Chase, "Canonical perspective and the perception of objects", 1981), from 5 to 50 degrees
    above and under a light from anywhere above. It lies anywhere in the picture, complete, and is 0.5 to 0.85 of its
    side long. The background is that of `make_backgrounds` with one to three distractors, shaded ellipsoids and boxes,
    on it. Where its colour comes too near to that of the thing, it is changed.

    Picture i shows instance i of `make_shapes`; it is a function of (seed, split, i, size), whatever the count.

    Args:
        split: "train" or "test"; no instance is in both.
        count: how many.
        size: side of the pictures in pixels, at least 32.
        seed: another seed gives other pictures.
        device: where they are computed and stay.
        clutter: how much there is beside the thing, from 0 to 1: the share of the contrast of photographs that the
            background has, and of the distractors.

    Returns:
        Pictures with masks; a mask is true where the thing covers more than half of a pixel.

    Raises:
        TypeError, ValueError: an unknown split or device, a count below 1, a size below 32, or a clutter or a seed out
            of range.
    """
    from ..renderer import Renderer, Setup  # here, as the renderer imports this package

    check_whole("size", size, 32)
    check_number("clutter", clutter, 0, 1)
    device = resolve_device(device)
    shapes = make_shapes(split, count, seed)
    indices = torch.arange(count, device=device)
    seeds = draws.bits(torch.full_like(indices, seed), indices, f"scenes/{split}")[:, 0]
    setup = Setup(
        size=round(_SPRITE * size),
        floor=None,
        camera_polar=math.pi / 2 - sum(_ELEVATION) / 2,
        camera_azimuth=math.pi / 2,
    )
    pictures = torch.empty(count, size, size, 3, dtype=torch.uint8, device=device)
    masks = torch.empty(count, size, size, dtype=torch.bool, device=device)
    with progress(activity="making scenes", total=count, delay=2) as bar:
        for start in range(0, count, _CHUNK):
            chunk = slice(start, start + _CHUNK)
            sprites = _sprites(Renderer(shapes.meshes[chunk], setup, device), seeds[chunk])
            picture, masks[chunk] = _compose(sprites, seeds[chunk], size, clutter)
            pictures[chunk] = (picture * 255 + 0.5).byte().movedim(1, -1)
            bar.update(len(picture))
    return PictureSet(pictures, shapes.labels.to(device), shapes.classes, masks)


def _sprites(renderer: Renderer, seeds: Tensor) -> Tensor:
    """The things cut out, (B, 4, R, R) float32 in [0, 1]: colours multiplied by alpha, and alpha."""
    u = draws.uniform(seeds, 0, "view", 6)
    polar = renderer.setup.camera_polar
    ahead = u.new_tensor([0, math.sin(polar), math.cos(polar)]).expand(len(seeds), 3)
    right, up = u.new_tensor([1, 0, 0]).expand_as(ahead), u.new_tensor([0, 0, 1]).expand_as(ahead)
    most = (_ELEVATION[1] - _ELEVATION[0]) / 2
    yaw = rotations.from_axis_angle(up, between(u[:, 0], (-_YAW, _YAW)))
    rise = rotations.from_axis_angle(right, between(u[:, 1], (-most, most)))
    roll = rotations.from_axis_angle(ahead, between(u[:, 2], (-_ROLL, _ROLL)))
    pose = rotations.canonical(rotations.multiply(roll, rotations.multiply(rise, yaw)))
    theta, phi = u[:, 3] * (math.pi / 4), u[:, 4] * (2 * math.pi)
    stage = torch.stack([torch.zeros_like(theta), theta, phi, u[:, 5]], 1)
    scenes = torch.arange(len(seeds), device=seeds.device)
    colour, alpha = (renderer.render_rgba(scenes, pose, stage).float() / 255).split([3, 1], 1)
    return torch.cat([colour * alpha, alpha], 1)


def _compose(sprites: Tensor, seeds: Tensor, size: int, clutter: float) -> tuple[Tensor, Tensor]:
    """Pictures, (B, 3, size, size) in [0, 1], and masks, (B, size, size)."""
    colour, alpha = _place(sprites, seeds, size).split([3, 1], 1)
    behind = _add_distractors(make_backgrounds(seeds, size, clutter), seeds, clutter)
    hidden = _mean(behind * alpha, alpha)
    behind = (behind + _push(hidden - _mean(colour, alpha))).clamp_(0, 1)
    return torch.lerp(behind, torch.zeros_like(behind), alpha) + colour, alpha[:, 0] > 0.5


def _place(sprites: Tensor, seeds: Tensor, size: int) -> Tensor:
    """The sprites at a random size and place, (B, 4, size, size); resampled by a tent as wide as a pixel of either."""
    u = draws.uniform(seeds, 0, "place", 3)
    seen = sprites[:, 3] > 0
    spans = [_span(seen.any(2)), _span(seen.any(1))]  # rows, columns
    longer = torch.maximum(*(last - first for first, last in spans))
    scale = between(u[:, 0], _EXTENT) * size / longer  # pixels of the picture per pixel of the sprite
    weights = []
    for (first, last), where in zip(spans, u[:, 1:].unbind(1), strict=True):
        half = (last - first) * scale / 2 + 1
        centre = half + where * (size - 2 * half)
        weights.append(_tents(sprites.shape[-1], size, scale, (first + last) / 2, centre))
    rows, columns = weights
    return (rows[:, None] @ sprites @ columns.mT[:, None]).clamp_(0, 1)


def _span(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Where the true values of (B, n) begin and end, in pixels."""
    place = torch.arange(seen.shape[1], device=seen.device)
    first = torch.where(seen, place, seen.shape[1]).amin(1)
    last = torch.where(seen, place + 1, 0).amax(1)
    return first.float(), last.float()


def _tents(source: int, target: int, scale: Tensor, origin: Tensor, centre: Tensor) -> Tensor:
    """Weights (B, target, source) of linear resampling along one axis that brings `origin` to `centre`, antialiased."""
    at = torch.arange(target, device=scale.device) + 0.5
    wanted = (at - centre[:, None]) / scale[:, None] + origin[:, None]
    given = torch.arange(source, device=scale.device) + 0.5
    width = (1 / scale).clamp_min(1)[:, None, None]
    weights = (1 - (wanted[:, :, None] - given).abs() / width).clamp_min_(0)
    return weights / weights.sum(2, keepdim=True).clamp_min(1e-6)


def _add_distractors(pictures: Tensor, seeds: Tensor, clutter: float) -> Tensor:
    size = pictures.shape[-1]
    u = draws.uniform(seeds, 0, "distractors", 9 * _DISTRACTORS).unflatten(1, (_DISTRACTORS, 9))
    half = between(u[..., 2:4], _DISTRACTOR_RADII)
    axes = [term.movedim(1, 0) for term in axes_of(u[..., :2], 2 * math.pi * u[..., 4], half, size)]
    colours = between(u[..., 5:8], (0.1, 0.95)).movedim(1, 0)[..., None, None]
    light = (2 * math.pi * u[..., 8]).movedim(1, 0)[..., None, None]
    pixels = (half.amin(-1) * size).movedim(1, 0)[..., None, None]  # how sharp an edge is
    number = 1 + draws.integers(seeds, 0, "number of distractors", _DISTRACTORS)[..., None]
    shown = (clutter * number).round()
    for k, (u_rows, u_columns, v_rows, v_columns) in enumerate(zip(*axes, strict=True)):
        x, y = u_rows + u_columns, v_rows + v_columns
        slope = x * torch.cos(light[k]) + y * torch.sin(light[k])
        if k % 2:  # a box: one side lit, the other not
            reach = torch.maximum(x.abs(), y.abs())
            shade = torch.where(slope > 0.3, 0.6, 1.0)
        else:
            reach = torch.hypot(x, y)
            shade = 0.35 + 0.65 * (0.6 * slope + 0.8 * (1 - reach.square()).clamp_min(0).sqrt()).clamp(0, 1)
        cover = ((1 - reach) * pixels[k] + 0.5).clamp(0, 1) * (k < shown)
        pictures = torch.lerp(pictures, colours[k] * shade[:, None], cover[:, None])
    return pictures


def _mean(colours: Tensor, weights: Tensor) -> Tensor:
    """(B, 3, 1, 1) mean colour where `colours` are multiplied by `weights` already."""
    return colours.sum((2, 3), keepdim=True) / weights.sum((2, 3), keepdim=True)


def _push(difference: Tensor) -> Tensor:
    """What to add to a difference of colours so that it is _CONTRAST long at least."""
    length = difference.norm(dim=1, keepdim=True).clamp_min(1e-3)
    return difference * ((_CONTRAST - length) / length).clamp_min(0)
