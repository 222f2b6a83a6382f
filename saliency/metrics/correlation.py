"""Pearson's correlation coefficient."""

from __future__ import annotations

from torch import Tensor

from .checks import check_amounts, check_maps


def cc(maps: Tensor, densities: Tensor) -> Tensor:
    """The correlation of a map with a density of fixations over all pixels.

    From -1 to 1, 0 is chance; a flat map scores 0.

    Args:
        maps: (..., H, W) finite.
        densities: (..., H, W) of fixations.

    Returns:
        (...) float64.
    """
    check_maps(maps=maps, densities=densities)
    check_amounts(densities=densities)
    first, second = (values.double().flatten(-2) for values in (maps, densities))
    flat = (first.amax(-1) == first.amin(-1)) | (second.amax(-1) == second.amin(-1))
    first, second = (values - values.mean(-1, keepdim=True) for values in (first, second))
    product = (first * second).sum(-1) / (first.square().sum(-1) * second.square().sum(-1)).sqrt()
    return product.where(~flat, 0)
