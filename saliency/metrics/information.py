"""Information gain over a baseline."""

from __future__ import annotations

from torch import Tensor

from .checks import check_amounts

_EPSILON = 2.0**-52


def information_gain(maps: Tensor, counts: Tensor, baselines: Tensor) -> Tensor:
    """How many bits per fixation a map predicts better than a baseline, such as the centre bias.

    The mean over fixations of log2(eps + P) - log2(eps + B), of map P and baseline B divided by their sums (Kuemmerer,
    Wallis & Bethge, PNAS 112, 2015). 0 is as good as the baseline; there are no bounds but those that eps = 2**-52
    sets. Every fixation counts, also where several fell on one pixel. It is a likelihood: a map that is not meant as
    the distribution of fixations may score below the baseline though it has the right order.

    Args:
        maps: (..., H, W) finite, non-negative, positive somewhere.
        counts: (..., H, W) fixations on each pixel.
        baselines: (..., H, W) as maps.

    Returns:
        (...) float64, in bits.
    """
    check_amounts(maps=maps, counts=counts, baselines=baselines)
    first, second, counts = (values.double().flatten(-2) for values in (maps, baselines, counts))
    first, second = (values / values.sum(-1, keepdim=True) for values in (first, second))
    gains = (first + _EPSILON).log2() - (second + _EPSILON).log2()
    return (gains * counts).sum(-1) / counts.sum(-1)
