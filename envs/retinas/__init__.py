"""Retinas: what an eye of a given kind sees of a picture at a fixation."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from .crop import Crop


class Retina(Protocol):
    """Made from a bank of pictures; turns picture indices (B,) and fixations (B, 2) into views (B, 3, H, W) uint8."""

    view_shape: tuple[int, int, int]

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor: ...


RETINAS = {"crop": Crop}


def make_retina(name: str, pictures: Tensor, fovea: int) -> Retina:
    """A retina by name over a bank of pictures, (N, S, S, 3) uint8.

    Raises:
        ValueError: for an unknown name, or a fovea that does not suit the pictures.
    """
    if name not in RETINAS:
        raise ValueError(f"retina={name!r} is not known; use one of {', '.join(map(repr, RETINAS))}")
    return RETINAS[name](pictures, fovea)


__all__ = ["RETINAS", "Crop", "Retina", "make_retina"]
