"""How well people predict each other: what no map of saliency can be asked to exceed by much."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..fixations import Fixations
from .densities import fixation_counts, fixation_density


def predict_others(
    fixations: Fixations, metric: Callable[[Tensor, Tensor], Tensor], sigma: float
) -> tuple[Tensor, ...]:
    """Score each observer's fixations by the density of all others' fixations on the same picture.

    Args:
        fixations: of two observers at least on every picture; who has none on a picture is left out there.
        metric: of maps and counts, such as `nss`.
        sigma: of the density, in pixels.

    Returns:
        For each picture a score for each observer, (observers,) float64.

    Raises:
        ValueError: for a picture that fewer than two observers fixated.
    """
    return tuple(_picture(fixations, picture, metric, sigma) for picture in range(len(fixations)))


def _picture(fixations: Fixations, picture: int, metric: Callable[[Tensor, Tensor], Tensor], sigma: float) -> Tensor:
    width, height = fixations.sizes[picture]
    if sum(len(path) > 0 for path in fixations.scanpaths[picture]) < 2:
        raise ValueError(f"fewer than two observers fixated picture {fixations.names[picture]!r}; leave it out")
    scores = []
    for own, others in fixations.leave_one_out(picture):
        if len(own) > 0:
            density = fixation_density(torch.from_numpy(others.pixels()), height, width, sigma)
            scores.append(metric(density, fixation_counts(torch.from_numpy(own.pixels()), height, width)))
    return torch.stack(scores)
