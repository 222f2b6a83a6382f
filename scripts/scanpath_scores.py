"""Scores of scanpaths drawn from saliency maps against those of people, who are the level above and below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from ..envs import draws
from ..saliency.amplitudes import ExponentialAmplitudes
from ..saliency.fixations import Fixations, Scanpath
from ..saliency.inhibition import DiscInhibition
from ..saliency.scanpath_metrics import ScanMatch, amplitudes, between_observers, between_pictures
from ..saliency.scanpaths import FixationSampler

METRICS = {"scanmatch": "ScanMatch", "amplitude": "amplitude"}
INTER_OBSERVER, OTHER_PICTURES = "inter-observer", "people-on-other-pictures"
NOTE = (
    "Scanpaths drawn from the maps, with inhibition of return within {:.3g} shorter sides of the picture and with "
    "people's preference for short saccades, as many and as long as those of the observers. ScanMatch is of each with "
    "each other observer (1: the same sequence), the amplitude the mean of saccades in shorter sides. The levels are "
    f"people: {INTER_OBSERVER}, each with each other on the same picture, and {OTHER_PICTURES}, with each other's on "
    "another one. Mean ± standard deviation over pictures."
)

Scores = dict[str, list[dict[str, float]]]


def score_scanpaths(
    maps: dict[str, Callable[[int], Tensor]],
    fixations: Fixations,
    radius: float,
    seed: int,
    report: Callable[[], object],
) -> Scores:
    """Score scanpaths from the maps of models, and those of people.

    Args:
        maps: for each model what gives the map of a picture, (H, W).
        fixations: on those pictures, two at least, by two observers at least on each.
        radius: of inhibition, in shorter sides of a picture.
        seed: of the scanpaths.
        report: called after each picture.

    Returns:
        By the names of models, INTER_OBSERVER and OTHER_PICTURES: the metrics on each picture, by their names.
    """
    match = ScanMatch()
    scores: Scores = {name: [] for name in maps}
    for picture, (people, size) in enumerate(zip(fixations.scanpaths, fixations.sizes, strict=True)):
        observers = [path for path in people if len(path)]
        for name, of in maps.items():
            seeds = _seeds(seed, picture, len(observers))
            drawn = draw_scanpaths(of(picture), [len(path) for path in observers], radius * min(size), seeds)
            pairs = [(i, j) for i in range(len(drawn)) for j in range(len(drawn)) if i != j]
            values = match([drawn[i] for i, _ in pairs], [observers[j] for _, j in pairs], size)
            scores[name].append({"scanmatch": float(values.mean())} | _amplitude(drawn, min(size)))
        report()
    same, other = (_means(level(fixations, match)) for level in (between_observers, between_pictures))
    own = [_amplitude(paths, min(size)) for paths, size in zip(fixations.scanpaths, fixations.sizes, strict=True)]
    scores[INTER_OBSERVER] = [value | amplitude for value, amplitude in zip(same, own, strict=True)]
    return scores | {OTHER_PICTURES: other}


def draw_scanpaths(saliency: Tensor, lengths: Sequence[int], radius: float, seeds: Tensor) -> list[Scanpath]:
    """Scanpaths on one picture.

    Args:
        saliency: (H, W), non-negative, with a positive sum.
        lengths: how many fixations each of B scanpaths has.
        radius: of inhibition, in pixels.
        seeds: (B,) int64.
    """
    height, width = saliency.shape
    sampler = FixationSampler(saliency[None], DiscInhibition(radius), ExponentialAmplitudes())
    scenes = torch.zeros(len(seeds), dtype=torch.int64)
    pixels = torch.empty(len(seeds), 0, 2, dtype=torch.int64)
    for step in range(max(lengths)):
        pixels = torch.cat([pixels, sampler(scenes, pixels, _Bits(seeds, step))[:, None]], dim=1)
    places = (pixels.double() / torch.tensor([height, width])).numpy()
    return [Scanpath.of_places(path[:length], (width, height)) for path, length in zip(places, lengths, strict=True)]


class _Bits:
    """Random bits of one step, see `saliency.scanpaths.RandomBits`."""

    def __init__(self, seeds: Tensor, step: int):
        self.seeds = seeds
        self.step = step

    def __call__(self, part: int, count: int, rows: Tensor | None = None) -> Tensor:
        seeds = self.seeds if rows is None else self.seeds[rows]
        return draws.bits(seeds, self.step, f"fixation {part}", count)


def _seeds(seed: int, picture: int, count: int) -> Tensor:
    return draws.bits(torch.tensor([seed]), picture, "scanpaths", count)[0]


def _amplitude(paths: Sequence[Scanpath], side: int) -> dict[str, float]:
    """The mean amplitude in sides, if there is a saccade."""
    pixels = amplitudes(paths)
    return {"amplitude": float(pixels.mean()) / side} if len(pixels) else {}


def _means(scores: Iterable) -> list[dict[str, float]]:
    return [{"scanmatch": float(values.mean())} if len(values) else {} for values in scores]
