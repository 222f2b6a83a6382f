"""The three terms of VICReg (Bardes, Ponce & LeCun, ICLR 2022, section 4.1)."""

from typing import NamedTuple

from torch import Tensor

from ...ranks import gather_rows
from ...regulariser import at_least_single, variance_covariance


class VICRegTerms(NamedTuple):
    """The terms of VICReg before they are weighted, each a scalar in float32 or better."""

    invariance: Tensor
    """Mean squared difference of the two views' embeddings, over rows and dimensions."""
    variance: Tensor
    """Mean over the two views and the dimensions of max(0, 1 - sqrt(Var + 1e-4)), in [0, 0.99]."""
    covariance: Tensor
    """Sum over the two views and all pairs of different dimensions of their squared covariance, divided by P."""


def vicreg_terms(first: Tensor, second: Tensor) -> VICRegTerms:
    """The terms of embeddings (B, P), B >= 2, of one view and of another, row by row a pair.

    As in the released code of VICReg, the variance is averaged over the views (the paper's formula sums it) and the
    covariance summed. Among several ranks the batch is that of all of them, see `gather_rows`.
    """
    first, second = (gather_rows(at_least_single(view)) for view in (first, second))
    (variance, covariance), (variance2, covariance2) = variance_covariance(first), variance_covariance(second)
    return VICRegTerms((first - second).square().mean(), (variance + variance2) / 2, covariance + covariance2)
