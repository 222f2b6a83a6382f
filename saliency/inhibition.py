"""Inhibition of return: what remains of the saliency of pixels near earlier fixations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import torch
from torch import Tensor

from .checks import check_number


@dataclass(frozen=True)
class Inhibition(ABC):
    """A shape of inhibition around every earlier fixation; where several overlap, what they leave is multiplied.

    Attributes:
        floor: what is added to every pixel, once for each earlier fixation, after inhibition by it; of a map of sum 1.
    """

    floor: ClassVar[float] = 0.0

    @abstractmethod
    def leaves(self, rows: Tensor, cols: Tensor, age: int) -> Tensor:
        """The share of their saliency that an earlier fixation leaves to pixels.

        Args:
            rows: int64, how many rows they lie below it, of any shape.
            cols: int64, how many columns they lie to its right, of a shape that broadcasts.
            age: how many fixations ago it was, 1 for the latest.

        Returns:
            Bool, where pixels are inhibited in full or not at all, or else float64 in [0, 1].
        """


@dataclass(frozen=True)
class NoInhibition(Inhibition):
    """Fixations are independent of each other."""

    def leaves(self, rows: Tensor, cols: Tensor, age: int) -> Tensor:
        return torch.ones(torch.broadcast_shapes(rows.shape, cols.shape), dtype=torch.bool, device=rows.device)


@dataclass(frozen=True)
class SquareInhibition(Inhibition):
    """No return to the square of 2 radius + 1 pixels around any earlier fixation: as in the released seq-JEPA code.

    As there, a floor of 1e-16 is added to every pixel, inhibited or not. It matters only where next to nothing of the
    map is left: then fixations are uniform.

    Args:
        radius: in whole pixels, half a fovea rounded down in the released code (16).
    """

    radius: int
    floor: ClassVar[float] = 1e-16

    def __post_init__(self) -> None:
        if isinstance(self.radius, bool) or not isinstance(self.radius, Integral):
            raise TypeError(f"radius={self.radius!r} of inhibition by a square is not a whole number of pixels")
        if self.radius < 0:
            raise ValueError(f"radius={self.radius} of inhibition is negative; use NoInhibition for none")

    def leaves(self, rows: Tensor, cols: Tensor, age: int) -> Tensor:
        return torch.maximum(rows.abs(), cols.abs()) > self.radius


@dataclass(frozen=True)
class DiscInhibition(Inhibition):
    """No return to within a radius of any earlier fixation: as the seq-JEPA paper has it.

    Args:
        radius: in pixels.
    """

    radius: float

    def __post_init__(self) -> None:
        check_number("radius", self.radius, "inhibition")
        if not 0 <= self.radius < math.inf:
            raise ValueError(f"radius={self.radius} of inhibition must be finite and not negative")

    def leaves(self, rows: Tensor, cols: Tensor, age: int) -> Tensor:
        return rows * rows + cols * cols > math.floor(self.radius**2)  # of whole numbers, hence exact


@dataclass(frozen=True)
class GaussianInhibition(Inhibition):
    """Soft inhibition that fades: 1 - exp(-d**2 / (2 sigma**2)) * decay**(age - 1) is left at distance d.

    In people inhibition of return is strongest where they have just looked and reaches some way around it, and weaker
    for older fixations (Klein & MacInnes, Psychological Science 10, 1999). In the model of Itti, Koch & Niebur (IEEE
    TPAMI 20, 1998) it is gone after 500 to 900 ms, two or three fixations; the default halves it in that time.

    Args:
        sigma: in pixels; radius / sqrt(2) takes as much from a flat map as a disc of that radius does.
        decay: how much of the inhibition is left one fixation later, in [0, 1].
    """

    sigma: float
    decay: float = 0.7

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, "inhibition")
        check_number("decay", self.decay, "inhibition")
        if not 0 < self.sigma < math.inf:
            raise ValueError(f"sigma={self.sigma} of inhibition must be finite and positive")
        if not 0 <= self.decay <= 1:
            raise ValueError(f"decay={self.decay} of inhibition is out of range; use 0 to 1")

    def leaves(self, rows: Tensor, cols: Tensor, age: int) -> Tensor:
        squared = (rows * rows + cols * cols).double()
        return 1 - torch.exp(squared * (-0.5 / self.sigma**2)) * self.decay ** (age - 1)


INHIBITIONS: dict[str, type[Inhibition]] = {
    "square": SquareInhibition,
    "disc": DiscInhibition,
    "gaussian": GaussianInhibition,
    "off": NoInhibition,
}


def make_inhibition(name: str, **options: Any) -> Inhibition:
    """Inhibition of return of a name in `INHIBITIONS`, with the options of its class.

    Raises:
        ValueError: for an unknown name, or a value out of range.
        TypeError: for an option that the class does not have, or lacks.
    """
    if not isinstance(name, str) or name not in INHIBITIONS:
        raise ValueError(f"inhibition={name!r} is not known; use one of {', '.join(map(repr, INHIBITIONS))}")
    return INHIBITIONS[name](**options)
