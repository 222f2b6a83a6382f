"""Scores of probes: accuracy, two definitions of R2, and the angle between rotations."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ..envs import rotations

Average = Literal["uniform", "pooled"]


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Share of right classes, in [0, 1]. (N,) int64, (N,) int64.

    Raises:
        ValueError: for other shapes, or N = 0.
    """
    _check_pairs(predicted, labels, 1)
    return (predicted == labels).double().mean().item()


def r2(predicted: Tensor, target: Tensor, average: Average = "uniform") -> float:
    """Coefficient of determination, at most 1.

    "uniform" is R2 per dimension, then their mean, as in the seq-JEPA paper (scikit-learn's `r2_score`): the mean of
    the targets scores 0, and a dimension in which they do not vary counts 1 when predicted exactly, else 0.
    "pooled" divides the sum of all squared errors by the sum of squared deviations from one scalar mean over all
    entries, as in SIE (Garrido, Najman & LeCun, ICML 2023); there a constant can score well above 0. The two are not
    comparable.

    Args:
        predicted, target: (N, A) float.
        average: "uniform" or "pooled".

    Raises:
        ValueError: for another average, other shapes, or N = 0.
    """
    _check_pairs(predicted, target, 2)
    predicted, target = predicted.double(), target.double()
    errors = (predicted - target).square()
    if average == "pooled":
        return _explained(errors.sum(), (target - target.mean()).square().sum()).item()
    if average != "uniform":
        raise ValueError(f'average={average!r} is not known; use "uniform" or "pooled"')
    return _explained(errors.sum(0), (target - target.mean(0)).square().sum(0)).mean().item()


def mean_angle(predicted: Tensor, target: Tensor) -> float:
    """Mean geodesic angle in degrees, in [0, 180], between rotations (N, 4) as quaternions (x, y, z, w).

    Those predicted may have any length but 0 and any sign; the targets are unit quaternions.

    Raises:
        ValueError: for other shapes, or N = 0.
    """
    _check_pairs(predicted, target, 2)
    angles = rotations.angle_between(rotations.normalise(predicted.double()), target.double())
    return math.degrees(angles.mean().item())


def _check_pairs(predicted: Tensor, target: Tensor, dimensions: int) -> None:
    shapes = tuple(predicted.shape), tuple(target.shape)
    if shapes[0] != shapes[1] or predicted.ndim != dimensions or not len(predicted):
        raise ValueError(f"scores compare two of one shape, {('(N,)', '(N, A)')[dimensions - 1]}; got {shapes}")


def _explained(errors: Tensor, deviations: Tensor) -> Tensor:
    """1 - errors / deviations, as scikit-learn defines it where nothing deviates."""
    return torch.where(deviations > 0, 1 - errors / deviations, (errors == 0).double())
