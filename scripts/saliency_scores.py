"""Scores of saliency maps against human fixations, beside what people and a centre bias reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..saliency.fixations import Fixations, Scanpath
from ..saliency.metrics import (
    auc_borji,
    auc_judd,
    auc_shuffled,
    cc,
    fixation_counts,
    fixation_density,
    information_gain,
    kl,
    nss,
    predict_others,
    sim,
)
from ..saliency.models import CentreBias

METRICS = {
    "nss": "NSS",
    "auc-judd": "AUC-Judd",
    "auc-borji": "AUC-Borji",
    "auc-shuffled": "AUC shuffled",
    "information-gain": "IG, bit",
    "cc": "CC",
    "sim": "SIM",
    "kl": "KL",
}
CENTRE_BIAS, INTER_OBSERVER = "learned-centre-bias", "inter-observer"
NOTE = (
    "Mean ± standard deviation over pictures. Higher is better but for KL. The information gain (IG) is over the "
    f"{CENTRE_BIAS}, which is the density of all fixations on the other pictures. The {INTER_OBSERVER} level is how "
    "well the density of the other observers' fixations predicts each observer's (for the information gain the mean of "
    "that density and of the centre bias); for CC, SIM and KL it is the density of every second observer against that "
    "of the others, which is a lower bound, as these are half as many."
)

_LOCATION_METRICS = ("nss", "auc-judd", "auc-borji", "auc-shuffled", "information-gain")


@dataclass(frozen=True)
class Target:
    """What the maps of one picture of H x W pixels are scored against.

    Attributes:
        fixations: of this picture alone.
        sigma: of densities, in pixels.
        counts: (H, W) fixations on each pixel.
        elsewhere: (H, W) fixations on each pixel of the other pictures.
        centre_bias: (H, W) the density of those.
    """

    fixations: Fixations
    sigma: float
    counts: Tensor
    elsewhere: Tensor
    centre_bias: Tensor

    @classmethod
    def of(cls, fixations: Fixations, picture: int, sigma: float) -> Target:
        """The target of one of several pictures.

        Args:
            fixations: on two pictures at least.
            picture: its index.
            sigma: in shorter sides of the picture.
        """
        width, height = fixations.sizes[picture]
        others = fixations.elsewhere(picture)
        places = torch.from_numpy(np.stack([others.y / height, others.x / width], axis=1))
        return cls(
            fixations.select([fixations.names[picture]]),
            sigma * min(height, width),
            _counts(fixations.pooled(picture), height, width),
            _counts(others, height, width),
            CentreBias.from_fixations(places)(torch.zeros(1, height, width, 3, dtype=torch.uint8))[0],
        )

    def score(self, saliency: Tensor) -> dict[str, float]:
        """The metrics of a map, (H, W) finite, non-negative, positive somewhere."""
        values = self._locations(saliency, self.counts).tolist()
        return dict(zip(_LOCATION_METRICS, values, strict=True)) | self._densities(saliency, slice(None))

    def inter_observer(self) -> dict[str, float]:
        """The metrics of observers' fixations as a map of others'; see NOTE."""

        def metric(density: Tensor, counts: Tensor) -> Tensor:
            mixed = (density + self.centre_bias) / 2
            return torch.cat(
                [self._locations(density, counts)[:-1], information_gain(mixed, counts, self.centre_bias)[None]]
            )

        values = predict_others(self.fixations, metric, self.sigma)[0].mean(0).tolist()
        half = self._density(slice(0, None, 2))
        return dict(zip(_LOCATION_METRICS, values, strict=True)) | self._densities(half, slice(1, None, 2))

    def _locations(self, saliency: Tensor, counts: Tensor) -> Tensor:
        """In the order of _LOCATION_METRICS, (5,) float64."""
        scores = (
            nss(saliency, counts),
            auc_judd(saliency, counts),
            auc_borji(saliency, counts),
            auc_shuffled(saliency, counts, self.elsewhere),
            information_gain(saliency, counts, self.centre_bias),
        )
        return torch.stack(scores)

    def _densities(self, saliency: Tensor, observers: slice) -> dict[str, float]:
        """Against the density of some observers' fixations."""
        density = self._density(observers)
        return {name: float(metric(saliency, density)) for name, metric in {"cc": cc, "sim": sim, "kl": kl}.items()}

    def _density(self, observers: slice) -> Tensor:
        width, height = self.fixations.sizes[0]
        pixels = [path.pixels() for path in self.fixations.scanpaths[0] if len(path)][observers]
        return fixation_density(torch.from_numpy(np.concatenate(pixels)), height, width, self.sigma)


def score_maps(
    maps: dict[str, Callable[[int], Tensor]], fixations: Fixations, sigma: float, report: Callable[[], object]
) -> dict[str, list[dict[str, float]]]:
    """Score models, a learned centre bias, and the observers among each other.

    Args:
        maps: for each model what gives the map of a picture, (H, W).
        fixations: on those pictures, two at least, by two observers at least on each.
        sigma: of densities, in shorter sides of a picture.
        report: called after each picture.

    Returns:
        By the names of models, CENTRE_BIAS and INTER_OBSERVER: the metrics on each picture, by their names.
    """
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in (*maps, CENTRE_BIAS, INTER_OBSERVER)}
    for picture in range(len(fixations)):
        target = Target.of(fixations, picture, sigma)
        for name, of in maps.items():
            scores[name].append(target.score(of(picture)))
        scores[CENTRE_BIAS].append(target.score(target.centre_bias))
        scores[INTER_OBSERVER].append(target.inter_observer())
        report()
    return scores


def _counts(path: Scanpath, height: int, width: int) -> Tensor:
    return fixation_counts(torch.from_numpy(path.pixels()), height, width)
