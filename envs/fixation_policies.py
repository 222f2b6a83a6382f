"""The policies of the world of pictures, by name, and what can be chosen of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ..saliency.amplitudes import AmplitudePrior, make_amplitudes
from ..saliency.fixations import Fixations
from ..saliency.inhibition import Inhibition, make_inhibition
from ..saliency.models import SaliencyModel
from ..saliency.osie import load_osie
from .checks import check_flag, keyword_options
from .human_replay import HumanFixations
from .policies import CentreFixations, NearbyFixations, SaliencyFixations, UniformFixations
from .rollout import Policy
from .saliency_maps import MASK, picture_maps
from .scans import CentreOutFixations, GridFixations
from .sources.banks import PictureSet


def fixation_policies(
    pictures: PictureSet,
    fovea: int,
    device: torch.device,
    *,
    saliency: str | SaliencyModel = "spectral-residual",
    saliency_live: bool = False,
    saliency_cache: str | None = None,
    inhibition: str | Inhibition = "disc",
    amplitudes: str | AmplitudePrior | None = None,
    fixations: str | Fixations | None = None,
) -> dict[str, Policy]:
    """ "saliency", "uniform", "nearby", "grid", "centre-out", "centre"; and "object" and "human", where they are known.

    "saliency" draws fixations from saliency maps with inhibition of return. "nearby" walks from a salient pixel by
    saccades within half a fovea, so that glimpses overlap. "grid" and "centre-out" go through tiles of the size of the
    fovea, row by row and from the centre outwards. "centre" looks at the middle always. "object", for sources with
    masks, knows where the object is, and draws fixations on it with the same inhibition. "human", with `fixations`,
    replays what observers fixated.

    Args:
        pictures: of the world, where they are; the maps of all of them are there too, those of a batch on the device.
        fovea: side of the fovea in pixels.
        device: of the world.
        saliency: where it is worth looking: a name in `saliency.models.SALIENCY_MODELS` or a model; "mask" for the
            object where the source knows it; or the path of maps that were made before, see `saliency_maps`.
        saliency_live: make maps for the pictures of a batch when its episodes begin, for more pictures than maps fit
            into memory; otherwise those of all pictures are made when the first is needed.
        saliency_cache: a folder in which the maps of all pictures are kept from one run to the next.
        inhibition: of return, by a name in `saliency.inhibition.INHIBITIONS`, reaching half a fovea; or an
            `Inhibition`.
        amplitudes: prior of saccade amplitudes, by a name in `saliency.amplitudes.AMPLITUDE_PRIORS`, or an
            `AmplitudePrior`; none when left out.
        fixations: of observers on these pictures: a file as `saliency.osie.load_osie` reads it, or `Fixations`.
            Pictures are matched by the names of their files.

    Raises:
        ValueError: for unknown names, maps or fixations that do not fit the pictures, and a cache of maps that are
            live or not made by a model of a name.
        TypeError: for values of a wrong type.
        FileNotFoundError: for maps or fixations that are not there.
    """
    check_flag("saliency_live", saliency_live)
    if not isinstance(saliency_cache, str | None):
        raise TypeError(f"saliency_cache={saliency_cache!r} is no text: give the path of a folder")
    side = pictures.pictures.shape[1]
    place = device if saliency_live else pictures.pictures.device
    maps = picture_maps(saliency, pictures, place)
    if saliency_cache is not None and (saliency_live or not maps.model):
        kind = "live maps are" if saliency_live else f"saliency={saliency!r} is"
        raise ValueError(f"saliency_cache={saliency_cache!r} keeps what a model of a name makes; {kind} not kept")
    returning = _inhibition(inhibition, fovea)
    salient = SaliencyFixations(
        maps,
        returning,
        _amplitudes(amplitudes),
        live=saliency_live,
        cache=saliency_cache,
    )
    policies: dict[str, Policy] = {
        "saliency": salient,
        "uniform": UniformFixations(side),
        "nearby": NearbyFixations(salient, side, reach=fovea // 2),
        "grid": GridFixations(side, fovea, device),
        "centre-out": CentreOutFixations(side, fovea, device),
        "centre": CentreFixations(),
    }
    if pictures.masks is not None:
        policies["object"] = SaliencyFixations(picture_maps(MASK, pictures, place), returning, live=saliency_live)
    if fixations is not None:
        policies["human"] = _replay(fixations, pictures, device)
    return policies


GAZE_OPTIONS = keyword_options(fixation_policies)
"""Names of what can be chosen."""


def _inhibition(inhibition: str | Inhibition, fovea: int) -> Inhibition:
    if isinstance(inhibition, Inhibition):
        return inhibition
    if not isinstance(inhibition, str):
        raise TypeError(f"inhibition={inhibition!r}: give the name of a shape, or an Inhibition")
    reach: dict[str, dict[str, Any]] = {
        "square": {"radius": fovea // 2},
        "disc": {"radius": fovea // 2},
        "gaussian": {"sigma": fovea / 2},
    }
    return make_inhibition(inhibition, **reach.get(inhibition, {}))


def _amplitudes(amplitudes: str | AmplitudePrior | None) -> AmplitudePrior | None:
    if isinstance(amplitudes, str):
        return make_amplitudes(amplitudes)
    if amplitudes is not None and not callable(amplitudes):
        raise TypeError(f"amplitudes={amplitudes!r}: give None, the name of a prior, or an AmplitudePrior")
    return amplitudes


def _replay(fixations: str | Fixations, pictures: PictureSet, device: torch.device) -> HumanFixations:
    if isinstance(fixations, str):
        fixations = load_osie(fixations)
    elif not isinstance(fixations, Fixations):
        raise TypeError(f"fixations={fixations!r}: give the path of a file, or Fixations")
    if not pictures.names:
        raise ValueError("fixations are matched by the names of pictures, which this source does not have")
    names = [Path(name).name for name in pictures.names]
    return HumanFixations(fixations, names, pictures.pictures.shape[1], device=device)
