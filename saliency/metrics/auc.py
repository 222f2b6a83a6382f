"""Areas under ROC curves: whether maps are higher where people looked than elsewhere.

An area is the probability that a map is higher at a fixation than at a place elsewhere, drawn at random; where both
are equal, half of it (the Mann-Whitney statistic). So ties need no jitter, and the curve has a threshold at every
value of the map. Programs that put thresholds only at fixated values, or at steps of 0.1, approximate this. Variants
differ in where places elsewhere are drawn from. 0.5 is chance, 1 perfect; only the order of values matters. Every
fixation counts, also where several fell on one pixel; give `counts > 0` to count pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import check_amounts, check_maps


def auc_judd(maps: Tensor, counts: Tensor) -> Tensor:
    """Fixations against all pixels that were not fixated (Judd, Ehinger, Durand & Torralba, ICCV 2009).

    Args:
        maps: (..., H, W) finite.
        counts: (..., H, W) fixations on each pixel; some pixel must have none.

    Returns:
        (...) float64.

    Raises:
        TypeError, ValueError: for maps and counts that are not so.
    """
    shares = _shares_above(maps, counts)
    if counts.flatten(-2).all(-1).any():
        raise ValueError("counts has fixations on every pixel of a map: there are none to compare them with")
    return _mean(shares, counts == 0)


def auc_borji(maps: Tensor, counts: Tensor, splits: int = 100, seed: int = 0) -> Tensor:
    """Fixations against pixels drawn uniformly, fixated or not (Borji, Tavakoli, Sihite & Itti, ICCV 2013).

    Args:
        maps: (..., H, W) finite.
        counts: (..., H, W) fixations on each pixel.
        splits: how often as many pixels are drawn as there are fixations; the score is the mean over all draws.
        seed: of the draws, which are the same on all devices, and for every map of a batch.

    Returns:
        (...) float64.

    Raises:
        TypeError, ValueError: for maps and counts that are not so, or no splits.
    """
    if splits < 1:
        raise ValueError(f"splits={splits}: draw at least once")
    shares = _shares_above(maps, counts).flatten(-2)
    draws = splits * int(counts.sum((-2, -1)).max())
    pixels = torch.randint(shares.shape[-1], (draws,), generator=torch.Generator().manual_seed(seed))
    taken = torch.arange(draws).to(maps.device) < splits * counts.sum((-2, -1))[..., None]
    return (shares[..., pixels.to(maps.device)] * taken).sum(-1) / taken.sum(-1)


def auc_shuffled(maps: Tensor, counts: Tensor, elsewhere: Tensor) -> Tensor:
    """Fixations against fixations on other pictures, which takes out the centre bias (Zhang et al., J. Vision 8, 2008).

    All of the others are used, each as often as it occurs: the mean over all random splits, without drawing any.

    Args:
        maps: (..., H, W) finite.
        counts: (..., H, W) fixations on each pixel.
        elsewhere: (..., H, W) fixations on each pixel of other pictures.

    Returns:
        (...) float64.
    """
    check_amounts(counts=counts, elsewhere=elsewhere)
    return _mean(_shares_above(maps, counts), elsewhere)


def _shares_above(maps: Tensor, counts: Tensor) -> Tensor:
    """The share of fixations at which the map is higher than at each pixel, equal ones halved. (..., H, W) float64."""
    check_maps(maps=maps, counts=counts)
    check_amounts(counts=counts)
    shape = torch.broadcast_shapes(maps.shape, counts.shape)
    values, counts = (each.double().expand(shape).flatten(-2) for each in (maps, counts))
    weights, pixels = counts.topk(int((counts > 0).sum(-1).max()))  # all that were fixated, and on some maps others
    thresholds, order = values.gather(-1, pixels).sort(-1)
    fixated = weights.gather(-1, order).cumsum(-1)
    fixated = torch.cat([torch.zeros_like(fixated[..., :1]), fixated], dim=-1)
    below, up_to = (fixated.gather(-1, torch.searchsorted(thresholds, values, right=right)) for right in (False, True))
    return (1 - (below + up_to) / 2 / fixated[..., -1:]).unflatten(-1, shape[-2:])


def _mean(shares: Tensor, weights: Tensor) -> Tensor:
    return (shares * weights).sum((-2, -1)) / weights.double().sum((-2, -1))
