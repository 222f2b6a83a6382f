"""Saliency models: where it is worth looking in a picture, one class each, by name."""

from __future__ import annotations

from inspect import signature
from typing import Any

from .boolean_maps import BooleanMaps
from .centre_bias import CentreBias
from .combined import Combined
from .deepgaze import DeepGaze
from .itti_koch import IttiKoch
from .model import SaliencyModel, normalise
from .spectral_residual import SpectralResidual
from .uniform import Uniform

SALIENCY_MODELS: dict[str, type[SaliencyModel]] = {
    "uniform": Uniform,
    "centre-bias": CentreBias,
    "spectral-residual": SpectralResidual,
    "itti-koch": IttiKoch,
    "boolean-maps": BooleanMaps,
    "combined": Combined,
    "deepgaze": DeepGaze,
}


def make_saliency(name: str, **options: Any) -> SaliencyModel:
    """A saliency model by name.

    Args:
        name: one of SALIENCY_MODELS.
        options: of the model, see its class.

    Raises:
        ValueError: for an unknown name or option value.
        TypeError: for an option that the model does not have.
    """
    if not isinstance(name, str) or name not in SALIENCY_MODELS:
        raise ValueError(f"saliency={name!r} is not known; use one of {', '.join(map(repr, SALIENCY_MODELS))}")
    model = SALIENCY_MODELS[name]
    has = signature(model).parameters
    for option in options:
        if option not in has:
            takes = f"it takes {', '.join(map(repr, has))}" if has else "it takes none"
            raise TypeError(f"the saliency model {name!r} has no option {option!r}; {takes}")
    return model(**options)


__all__ = [
    "SALIENCY_MODELS",
    "CentreBias",
    "DeepGaze",
    "IttiKoch",
    "SaliencyModel",
    "SpectralResidual",
    "Uniform",
    "make_saliency",
    "normalise",
]
