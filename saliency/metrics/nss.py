"""Normalised scanpath saliency."""

from __future__ import annotations

from torch import Tensor

from .checks import check_amounts, check_maps


def nss(maps: Tensor, counts: Tensor) -> Tensor:
    """The mean over fixations of a map brought to mean 0 and standard deviation 1 (Peters et al., 2005).

    0 is chance; there is no upper bound. Every fixation counts, also where several fell on one pixel. The standard
    deviation is that of all pixels (over N, not N - 1); a flat map scores 0.

    Args:
        maps: (..., H, W) finite.
        counts: (..., H, W) fixations on each pixel.

    Returns:
        (...) float64.
    """
    check_maps(maps=maps, counts=counts)
    check_amounts(counts=counts)
    maps, counts = maps.double().flatten(-2), counts.double().flatten(-2)
    centred = maps - maps.mean(-1, keepdim=True)
    spread = centred.square().mean(-1).sqrt()
    fixated = (centred * counts).sum(-1) / counts.sum(-1)
    return (fixated / spread).where(maps.amax(-1) > maps.amin(-1), 0)
