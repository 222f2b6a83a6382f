"""What metrics are given: checked, and as shares of the whole."""

from __future__ import annotations

import torch
from torch import Tensor


def check_maps(**maps: Tensor) -> None:
    """Refuse maps, by name, that are not finite, or not of the size (H, W) of the first.

    Raises:
        TypeError, ValueError: naming the map.
    """
    first_name, first = next(iter(maps.items()))
    for name, values in maps.items():
        if not isinstance(values, Tensor):
            raise TypeError(f"{name} must be a torch tensor, got {type(values).__name__}")
        if values.ndim < 2 or values.shape[-2:] != first.shape[-2:]:
            raise ValueError(
                f"{name} is {tuple(values.shape)}; give (..., H, W), of the size of {first_name}, {tuple(first.shape)}"
            )
        if not torch.isfinite(values).all():
            raise ValueError(f"{name} holds values that are not finite")


def check_amounts(**maps: Tensor) -> None:
    """Refuse maps, by name, that are negative somewhere, or zero everywhere; see also `check_maps`.

    Raises:
        ValueError: naming the map.
    """
    check_maps(**maps)
    for name, values in maps.items():
        if (values < 0).any():
            raise ValueError(f"{name} is negative somewhere, {float(values.min())}")
        if not (values > 0).flatten(-2).any(-1).all():
            raise ValueError(f"{name} is zero everywhere, on one of {values[..., 0, 0].numel()} maps at least")


def shares(**maps: Tensor) -> list[Tensor]:
    """Maps divided by their sums, (..., H, W) each -> (..., H W) float64 each.

    Raises:
        ValueError: as `check_amounts`.
    """
    check_amounts(**maps)
    flat = [values.double().flatten(-2) for values in maps.values()]
    return [values / values.sum(-1, keepdim=True) for values in flat]
