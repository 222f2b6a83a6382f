"""Saliency from a mask: the object is worth looking at, for pictures of which it is known where that lies."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .models.model import normalise

FLOOR = 0.01


def object_saliency(masks: Tensor, floor: float = FLOOR) -> Tensor:
    """Uniform over the object, with a small density outside it: 0.01 of that on it, so that no pixel is impossible.

    Args:
        masks: (N, H, W) bool or uint8, not 0 on the object; without an object, the map is uniform.
        floor: density of a pixel outside the object, as a share of that of one on it, from 0 to 1.

    Returns:
        (N, H, W) float32 on the device of the masks, non-negative, each map with sum 1.

    Raises:
        TypeError: for masks of another type.
        ValueError: for masks of another shape, or a floor out of range.
    """
    if not isinstance(masks, Tensor) or masks.dtype not in (torch.bool, torch.uint8):
        given = masks.dtype if isinstance(masks, Tensor) else type(masks).__name__
        raise TypeError(f"masks of {given}: give a torch tensor, bool or uint8, not 0 on the object")
    if masks.ndim != 3 or 0 in masks.shape[1:]:
        raise ValueError(f"masks of shape {tuple(masks.shape)}: give (N, H, W)")
    if not (math.isfinite(floor) and 0 <= floor <= 1):
        raise ValueError(f"floor={floor} is out of range; use 0 to 1")
    return normalise(torch.where(masks != 0, 1.0, floor))
