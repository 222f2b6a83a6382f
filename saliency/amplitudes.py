"""How far eyes like to go: weights of saccades by their amplitude, which multiply a saliency map around the eye.

A weight is by place, not by amplitude: there are more places at larger distances, so that on a flat and endless map a
weight w(d) leads to amplitudes of density proportional to d w(d). The defaults are the maximum of the likelihood of
human saccades (OSIE, 60 pictures, 15 observers), each under the weight times the density of all fixations on its
picture. Amplitudes are counted in sides of the picture, the shorter one where it is not square.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor


class AmplitudePrior(ABC):
    """A weight for every amplitude; the largest is 1."""

    @abstractmethod
    def __call__(self, amplitudes: Tensor) -> Tensor:
        """The weights of amplitudes, in sides of the picture. (...) float64 -> (...) float64 in [0, 1]."""


@dataclass(frozen=True)
class ExponentialAmplitudes(AmplitudePrior):
    """exp(-d / scale). Natural saccades get exponentially rarer with their amplitude (Bahill, Adler & Stark, 1975).

    Args:
        scale: in sides of the picture.
    """

    scale: float = 0.3

    def __post_init__(self) -> None:
        _check("scale", self.scale)

    def __call__(self, amplitudes: Tensor) -> Tensor:
        return torch.exp(amplitudes / -self.scale)


@dataclass(frozen=True)
class GaussianAmplitudes(AmplitudePrior):
    """exp(-d**2 / (2 sigma**2)), a window of attention around the eye (as in Engbert et al., J. of Vision 15(1), 2015).

    Human saccades are likelier under `ExponentialAmplitudes`, by 0.05 nats each.

    Args:
        sigma: in sides of the picture.
    """

    sigma: float = 0.35

    def __post_init__(self) -> None:
        _check("sigma", self.sigma)

    def __call__(self, amplitudes: Tensor) -> Tensor:
        return torch.exp(amplitudes.square() * (-0.5 / self.sigma**2))


def _check(option: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{option}={value} of an amplitude prior must be finite and positive")
