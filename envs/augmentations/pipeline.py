"""All augmentations in a row, in the order of EquiMod and seq-JEPA."""

from __future__ import annotations

import torch
from torch import Tensor

from .blur import blur, blur_radius
from .crop import resized_crop
from .greyscale import greyscale
from .jitter import jitter
from .parameters import physical
from .solarise import solarise

_CACHE = 1 << 17  # numbers in a batch, of which several fit into the cache of a processor


def augment(pictures: Tensor, scenes: Tensor, parameters: Tensor, hidden: Tensor, size: int) -> Tensor:
    """Crop, flip, jitter, greyscale, blur and solarise.

    Args:
        pictures: (N, S, S, 3) uint8.
        scenes: (B,) int64, which pictures.
        parameters: (B, 9) float32, or (B, 8) for no blur at all; see `parameters`.
        hidden: (B, 4) float32, see `parameters`.
        size: side of the views in pixels.

    Returns:
        (B, 3, size, size) uint8.
    """
    if pictures.device.type != "cpu":
        return _augment(pictures, scenes, parameters, hidden, size)
    rows = max(1, _CACHE // (3 * size * max(size, pictures.shape[1])))
    chunks = zip(scenes.split(rows), parameters.split(rows), hidden.split(rows), strict=True)
    return torch.cat([_augment(pictures, *chunk, size) for chunk in chunks])


def _augment(pictures: Tensor, scenes: Tensor, parameters: Tensor, hidden: Tensor, size: int) -> Tensor:
    values = physical(parameters)
    coins, orders = hidden[:, :3] > 0.5, hidden[:, 3].round().long()
    levels = resized_crop(pictures, scenes, values[:, :4] * pictures.shape[1], coins[:, 0], size)
    levels = jitter(levels, values[:, 4:7], values[:, 7], orders)
    levels = greyscale(levels, coins[:, 1])
    if values.shape[1] == 9:
        levels = blur(levels, values[:, 8], blur_radius(size))
    return solarise(levels, coins[:, 2]).to(torch.uint8)
