"""Retinas: what an eye of a given kind sees of a picture at a fixation."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..checks import check_name, check_options, check_pictures, keyword_options
from .blur import Blur
from .crop import Crop
from .logpolar import LogPolar
from .official import Official
from .pyramid import Pyramid
from .retina import Retina

RETINAS: dict[str, type[Retina]] = {
    "crop": Crop,
    "pyramid": Pyramid,
    "logpolar": LogPolar,
    "blur": Blur,
    "official": Official,
}


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
        ValueError: for an unknown name, pictures of another shape or dtype, or a fovea that does not suit them.
        TypeError: for an option that the retina does not have, or pictures that are no tensor.
    """
    check_pictures(pictures)
    check_options(f"the retina {name!r}", options, retina_options(name))
    return RETINAS[name](pictures, fovea, **options)


__all__ = [
    "RETINAS",
    "Blur",
    "Crop",
    "LogPolar",
    "Official",
    "Pyramid",
    "Retina",
    "make_retina",
    "retina_options",
]
