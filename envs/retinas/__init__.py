"""Retinas: what an eye of a given kind sees of a picture at a fixation."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from ..checks import check_name, check_options, keyword_options
from .crop import Crop
from .official import Official


class Retina(Protocol):
    """Made from a bank of pictures; turns picture indices (B,) and fixations (B, 2) into views (B, 3, H, W) uint8."""

    view_shape: tuple[int, int, int]

    def __call__(self, scenes: Tensor, fixations: Tensor) -> Tensor: ...


RETINAS = {"crop": Crop, "official": Official}


def retina_options(name: str) -> set[str]:
    """Names of the options of a retina.

    Raises:
        ValueError: for an unknown retina.
    """
    check_name("retina", name, RETINAS)
    return keyword_options(RETINAS[name])


def make_retina(name: str, pictures: Tensor, fovea: int, **options: Any) -> Retina:
    """A retina by name over a bank of pictures, (N, S, S, 3) uint8; options as its class takes them.

    Raises:
        ValueError: for an unknown name, or a fovea that does not suit the pictures.
        TypeError: for an option that the retina does not have.
    """
    check_options(f"the retina {name!r}", options, retina_options(name))
    return RETINAS[name](pictures, fovea, **options)


__all__ = ["RETINAS", "Crop", "Official", "Retina", "make_retina", "retina_options"]
