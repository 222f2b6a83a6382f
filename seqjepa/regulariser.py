"""Terms against collapse, none of which is part of seq-JEPA, whose paper trains long enough to do without.

The variance and covariance of VICReg (Bardes, Ponce & LeCun, ICLR 2022, section 4.1), and the sketched test for an
isotropic Gaussian of LeJEPA (Balestriero & LeCun, "LeJEPA: Provable and Scalable Self-Supervised Learning Without the
Heuristics", 2025, section 4).
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

EPSILON = 1e-4  # under the square root of the variance, as in VICReg
DIRECTIONS = 256  # in which a sketch looks
_REACH, _KNOTS = 4.0, 17  # of the integral over frequencies


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


def sketched_gaussian(z: Tensor, directions: Tensor) -> Tensor:
    """How far embeddings z (N, D) are from an isotropic Gaussian of unit variance, a scalar in float32 or better.

    The mean over directions u of the Epps-Pulley statistic of x = u . (z - mean of z) (Epps & Pulley, Biometrika 70,
    1983): the integral over frequencies t of |phi(t) - exp(-t^2 / 2)|^2 exp(-t^2 / 2), where phi(t) is the mean of
    exp(i t x); by trapezoids over [-4, 4]. 0 for a Gaussian, at most 1.1 for collapsed embeddings.

    Unlike in LeJEPA the mean is free, as embeddings that end in a ReLU have none of 0, and the statistic is not
    multiplied by N, so that a weight means the same for every batch size.

    Args:
        z: (N, D).
        directions: (D, K), of any length but 0; drawn afresh at every step, they see every departure in time.
    """
    with full_precision(z.device.type):
        z = at_least_single(z)
        projected = (z - z.mean(0)) @ torch.nn.functional.normalize(directions.to(z.dtype), dim=0)
        frequencies = torch.linspace(0, _REACH, _KNOTS, dtype=z.dtype, device=z.device)
        angles = projected[..., None] * frequencies
        gaussian = torch.exp(-frequencies.square() / 2)
        departure = (angles.cos().mean(0) - gaussian).square() + angles.sin().mean(0).square()
        return 2 * torch.trapezoid(departure * gaussian, frequencies).mean()


def spread(z: Tensor) -> Tensor:
    """How far embeddings z (N, D) are from collapse: 0 when all point the same way, 1 when spread evenly.

    The standard deviation of the normalised embeddings, averaged over the dimensions, times sqrt(D) (Chen & He,
    "Exploring Simple Siamese Representation Learning", CVPR 2021, section 4.1).
    """
    return torch.nn.functional.normalize(at_least_single(z), dim=1).std(0).mean() * z.shape[1] ** 0.5
