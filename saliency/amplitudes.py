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
from typing import Any

import torch
from torch import Tensor

from .checks import check_number


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


AMPLITUDE_PRIORS: dict[str, type[AmplitudePrior]] = {
    "exponential": ExponentialAmplitudes,
    "gaussian": GaussianAmplitudes,
}


def make_amplitudes(name: str, **options: Any) -> AmplitudePrior:
    """A prior of amplitudes by its name in `AMPLITUDE_PRIORS`, with the options of its class.

    Raises:
        ValueError: for an unknown name, or a value out of range.
        TypeError: for an option that the class does not have.
    """
    if not isinstance(name, str) or name not in AMPLITUDE_PRIORS:
        raise ValueError(f"amplitudes={name!r} is not known; use one of {', '.join(map(repr, AMPLITUDE_PRIORS))}")
    return AMPLITUDE_PRIORS[name](**options)


def _check(option: str, value: float) -> None:
    check_number(option, value, "an amplitude prior")
    if not 0 < value < math.inf:
        raise ValueError(f"{option}={value} of an amplitude prior must be finite and positive")
