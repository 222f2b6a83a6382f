"""Where people look in pictures whatever these show: mostly at the middle (Tatler, Journal of Vision 7(14), 2007)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .model import SaliencyModel

SPREAD = (0.21, 0.235)
"""Standard deviations along the height and the width of a picture, as shares of these (Clarke & Tatler, "Deriving an
appropriate baseline for describing fixation behaviour", Vision Research 102, 2014): a variance of 0.22 across half the
width, and 0.45 of that from top to bottom, measured in pictures of 4:3."""
BANDWIDTH = (0.06, 0.06)
"""Of learned biases, in shares of the height and the width: flat around the most likely one for fixations in a picture,
learned from the 8,300 of 15 observers in 59 others (pictures of OSIE, Xu et al., Journal of Vision 14(1), 2014)."""


class CentreBias(SaliencyModel):
    """A Gaussian around the middle of the picture, or the density of given fixations: the same for all pictures.

    Pixel i of n lies at (i + 0.5) / n of the height or the width.

    Args:
        spread: standard deviations along height and width, as shares of these.

    Raises:
        ValueError: for a spread that is not two positive numbers.
    """

    def __init__(self, spread: Sequence[float] = SPREAD):
        _check_spread("spread", spread)
        self._spread = tuple(spread)
        self._places = torch.full((1, 2), 0.5)

    @classmethod
    def from_fixations(cls, places: Tensor, bandwidth: Sequence[float] = BANDWIDTH) -> CentreBias:
        """The bias of observers: the sum of a Gaussian around each of their fixations (a kernel density estimate).

        Args:
            places: (K, 2) real, (row, col) as shares of height and width, in [0, 1], K > 0.
            bandwidth: standard deviations of the Gaussians along height and width, as shares of these.

        Raises:
            ValueError: for places of another shape or out of range, or a bandwidth that is not two positive numbers.
        """
        _check_spread("bandwidth", bandwidth)
        if places.ndim != 2 or places.shape[1] != 2 or len(places) == 0:
            raise ValueError(f"places of shape {tuple(places.shape)}: fixations are (K, 2), (row, col), K > 0")
        inside = ((places >= 0) & (places <= 1)).all(dim=1)
        if not inside.all():
            row = int(inside.int().argmin())
            raise ValueError(
                f"places[{row}]={places[row].tolist()} lies outside the picture: divide (row, col) by (height, width)"
            )
        bias = cls(bandwidth)
        bias._places = places.float()
        return bias

    def _score(self, pictures: Tensor) -> Tensor:
        count, height, width = pictures.shape[:3]
        places = self._places.to(pictures.device)
        rows, cols = (
            _gaussians(places[:, axis], self._spread[axis], size) for axis, size in enumerate((height, width))
        )
        return (rows.mT @ cols).expand(count, height, width)


def _check_spread(option: str, spread: Sequence[float]) -> None:
    if len(spread) != 2 or not all(math.isfinite(share) and share > 0 for share in spread):
        raise ValueError(f"{option}={tuple(spread)}: give two positive shares, of the height and of the width")


def _gaussians(places: Tensor, spread: float, size: int) -> Tensor:
    """Gaussians of `size` pixels, one for each place. (K,) -> (K, size)."""
    pixels = (torch.arange(size, device=places.device) + 0.5) / size
    return torch.exp(-0.5 * ((pixels - places[:, None]) / spread).square())
