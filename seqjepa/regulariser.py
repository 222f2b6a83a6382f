"""Terms against collapse: the variance and covariance of VICReg (Bardes, Ponce & LeCun, ICLR 2022, section 4.1).

Not part of seq-JEPA, whose paper trains long enough to do without.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

EPSILON = 1e-4  # under the square root of the variance, as in VICReg


def at_least_single(x: Tensor) -> Tensor:
    """x in float32 where it is of lower precision, else as it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def full_precision(device: str) -> AbstractContextManager[object]:
    """Where autocast is off on a kind of device."""
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def variance_covariance(z: Tensor) -> tuple[Tensor, Tensor]:
    """Variance and covariance term of the embeddings z (N, D), N >= 2, as two scalars, in float32 or better.

    Variance: the mean over the dimensions of max(0, 1 - sqrt(Var + 1e-4)), in [0, 0.99]. Covariance: the sum of the
    squared off-diagonal covariances, divided by D. Both variances are the unbiased ones.
    """
    with full_precision(z.device.type):
        z = at_least_single(z)
        centred = z - z.mean(0)
        covariance = centred.T @ centred / (len(z) - 1)
        diagonal = covariance.diagonal()
        variance_term = (1 - (diagonal + EPSILON).sqrt()).relu().mean()
        covariance_term = (covariance.square().sum() - diagonal.square().sum()) / z.shape[1]
    return variance_term, covariance_term


def spread(z: Tensor) -> Tensor:
    """How far embeddings z (N, D) are from collapse: 0 when all point the same way, 1 when spread evenly.

    The standard deviation of the normalised embeddings, averaged over the dimensions, times sqrt(D) (Chen & He,
    "Exploring Simple Siamese Representation Learning", CVPR 2021, section 4.1).
    """
    return torch.nn.functional.normalize(at_least_single(z), dim=1).std(0).mean() * z.shape[1] ** 0.5
