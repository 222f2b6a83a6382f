"""Resized crop, and horizontal flip: a rectangle of the picture, resampled to a square, upright or mirrored."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .weights import normalised, weighted_sum

_REACH = 2  # of the cubic kernel, in pixels
_WHOLE = 1e-3  # an edge so near to a whole pixel, in pixels, is on it: numbers that are rounded shift it by less


def resized_crop(pictures: Tensor, scenes: Tensor, boxes: Tensor, mirrored: Tensor, size: int) -> Tensor:
    """Crops resampled by a bicubic kernel (a = -0.5) that is widened where they shrink, against aliasing.

    Pixels outside the crop do not count; one that an edge cuts counts as a whole. Columns are resampled first, rounded
    to grey levels, then rows, all in the numbers that Pillow uses: crops of whole pixels are its `crop` and `resize`,
    byte for byte.

    Args:
        pictures: (N, S, S, 3) uint8.
        scenes: (B,) int64, which pictures.
        boxes: (B, 4) float32: top, left, height and width in pixels, within the picture.
        mirrored: (B,) bool, whether left and right are exchanged.
        size: V, side of the result.

    Returns:
        (B, 3, V, V) float32 grey levels.
    """
    corners = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1).double()
    top, left, bottom, right = torch.where(_is_whole(corners), corners.round(), corners).unbind(1)
    side = pictures.shape[1]
    rows, columns = _taps(top, bottom, side, size), _taps(left, right, side, size)
    columns = tuple(torch.where(mirrored[:, None], taps.flip(-1), taps) for taps in columns)
    levels = pictures.index_select(0, scenes).permute(0, 2, 3, 1).to(torch.int32, memory_format=torch.contiguous_format)
    levels = _resample(levels, *columns)  # (B, column, channel, row)
    levels = levels.permute(0, 3, 2, 1).contiguous()
    levels = _resample(levels, *rows)  # (B, row, channel, column)
    return levels.transpose(1, 2).to(torch.float32, memory_format=torch.contiguous_format)


def _is_whole(edges: Tensor) -> Tensor:
    return (edges - edges.round()).abs() < _WHOLE


def _taps(start: Tensor, end: Tensor, side: int, size: int) -> tuple[Tensor, Tensor]:
    """What each pixel of the result is made of along one axis: K pixels and their weights, (K, B, size) each."""
    low, high = start.floor()[:, None], end.ceil()[:, None]
    scale = ((end - start) / size)[:, None]
    width = scale.clamp_min(1)
    centres = (start[:, None] - low) + (torch.arange(size, device=start.device) + 0.5) * scale
    count = math.ceil(2 * _REACH * max(1, side / size))
    places = torch.arange(count, device=start.device)[:, None, None]
    pixels = (centres - _REACH * width + 0.5).floor() + places
    inside = (pixels >= 0) & (pixels < high - low)
    weights = _cubic((pixels - centres + 0.5) * (1 / width)) * inside
    return (pixels + low).clamp(0, side - 1).long(), normalised(weights)


def _cubic(x: Tensor) -> Tensor:
    """Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def _resample(levels: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
    """Along the first axis of each row. (B, S, C, R) int32, (K, B, V) each -> (B, V, C, R) int32."""
    rows, side = levels.shape[:2]
    lines = levels.flatten(0, 1)
    begin = torch.arange(rows, device=levels.device)[:, None] * side
    terms = [lines.index_select(0, tap.flatten()).unflatten(0, tap.shape) for tap in pixels + begin]
    return weighted_sum(terms, weights[..., None, None])
