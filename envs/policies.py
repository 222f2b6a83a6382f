"""Passive policies: eye movements and rotations that do not depend on what has been seen."""

from __future__ import annotations

import math
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional

from ..saliency.amplitudes import AmplitudePrior
from ..saliency.inhibition import Inhibition
from ..saliency.scanpaths import FixationSampler
from . import draws, rotations
from .picture_store import to_device
from .retinas.retina import fixations_of
from .rollout import Episodes
from .rotation_ranges import RotationRange, first_held
from .saliency_maps import PictureMaps
from .stage import StageLatents

_CANDIDATES = 16


class UniformFixations:
    """Every fixation uniform over the pixels of the picture, without inhibition of return.

    Args:
        side: of the picture, in pixels.
    """

    def __init__(self, side: int):
        self.side = side

    def __call__(self, episodes: Episodes) -> Tensor:
        pixels = draws.integers(episodes.seeds, episodes.step, "fixation", self.side, 2)
        return fixations_of(pixels, self.side)


class CentreFixations:
    """Every fixation in the middle of the picture: with a fovea as large as the picture each glimpse is all of it."""

    def __call__(self, episodes: Episodes) -> Tensor:
        return torch.full((len(episodes.seeds), 2), 0.5, device=episodes.seeds.device)


class SaliencyFixations:
    """Fixations drawn from saliency maps with inhibition of return, see `FixationSampler`.

    They are drawn where the maps are. For maps on the host of a world on a GPU, scenes, seeds and earlier fixations are
    waited for at every step.

    Args:
        maps: of the world's pictures.
        inhibition: of return.
        amplitudes: prior of amplitudes; none when left out.
        live: whether maps are made for the pictures of a batch of episodes when they begin, and forgotten when they
            end; otherwise those of all pictures are made when the first is needed, and kept.
        cache: a folder in which the maps of all pictures are kept from one run to the next, see `PictureMaps.load`.
    """

    def __init__(
        self,
        maps: PictureMaps,
        inhibition: Inhibition,
        amplitudes: AmplitudePrior | None = None,
        *,
        live: bool = False,
        cache: str | Path | None = None,
    ):
        self.maps = maps
        self.inhibition = inhibition
        self.amplitudes = amplitudes
        self.live = live
        self.cache = cache
        self._running: WeakKeyDictionary[Episodes, tuple[FixationSampler, Tensor]] = WeakKeyDictionary()

    def __deepcopy__(self, memo: dict[int, Any]) -> SaliencyFixations:
        """Itself: it does not change but for what it keeps ready."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds what the maps come from, and they are made anew."""
        made = partial(SaliencyFixations, live=self.live, cache=self.cache)
        return made, (self.maps, self.inhibition, self.amplitudes)

    @cached_property
    def sampler(self) -> FixationSampler:
        """Over the maps of all pictures."""
        return FixationSampler(self.maps.load(self.cache), self.inhibition, self.amplitudes)

    def __call__(self, episodes: Episodes) -> Tensor:
        here, device = self.maps.device, episodes.seeds.device
        seeds = episodes.seeds.to(here)

        def random(part: int, count: int, rows: Tensor | None = None) -> Tensor:
            return draws.bits(seeds if rows is None else seeds[rows], episodes.step, f"fixation {part}", count)

        sampler, scenes = self._of(episodes) if self.live else (self.sampler, episodes.scenes.to(here))
        earlier = (episodes.poses.to(here) * self.maps.side).round().long()
        return to_device(fixations_of(sampler(scenes, earlier, random), self.maps.side), device)

    def _of(self, episodes: Episodes) -> tuple[FixationSampler, Tensor]:
        """A sampler over the maps of the episodes' own pictures, and which of these each row has, (B,) int64."""
        if episodes not in self._running:
            pictures, scenes = episodes.scenes.unique(return_inverse=True)
            sampler = FixationSampler(self.maps.read(pictures), self.inhibition, self.amplitudes)
            self._running[episodes] = sampler, scenes
        return self._running[episodes]


class NearbyFixations:
    """A walk of short saccades: the first fixation as `first` chooses, each next one uniform in a square around it.

    Glimpses overlap, so that what a saccade changes can be seen in them. The square is cut at the border of the
    picture, so that every fixation lies within it; an eye too far outside goes to the nearest pixel of the picture.

    Args:
        first: the policy that makes the first fixation.
        side: of the picture, in pixels.
        reach: half the side of the square, in pixels.
    """

    def __init__(self, first: UniformFixations | SaliencyFixations, side: int, reach: int):
        self.first = first
        self.side = side
        self.reach = reach

    def __call__(self, episodes: Episodes) -> Tensor:
        if episodes.step == 0:
            return self.first(episodes)
        here = (episodes.poses[:, -1] * self.side).round()
        low, high = ((here + reach).clamp(0, self.side - 1) for reach in (-self.reach, self.reach))
        u = draws.uniform(episodes.seeds, episodes.step, "fixation", 2)
        return fixations_of(low + torch.floor(u * (high - low + 1)), self.side)


class UniformRotations:
    """Every pose drawn afresh, so that consecutive rotations are large and unordered.

    Args:
        rotation_range: of the rotations.
        latents: of the stage, uniform over their ranges.
    """

    def __init__(self, rotation_range: RotationRange, latents: StageLatents):
        self.range = rotation_range
        self.latents = latents

    def __call__(self, episodes: Episodes) -> Tensor:
        seeds, step = episodes.seeds, episodes.step
        return torch.cat([self.range(seeds, step), self.latents.draw(seeds, step)], dim=1)


class NearbyRotations:
    """A walk on SO(3): the first pose drawn afresh, each next one by a small rotation about a random axis.

    Latents of the stage walk beside it, uniformly within that share of their range, cut at their bounds, which the
    largest step is of a turn.

    Args:
        rotation_range: where the first rotation comes from. The walk may leave it, but not its region: of several
            steps the first that stays in it is taken, and when none of them does, the object is not turned.
        latents: of the stage.
        reach: the largest angle of a step, in radians; the angle is uniform from 0 to it.
    """

    def __init__(self, rotation_range: RotationRange, latents: StageLatents, reach: float):
        self.first = UniformRotations(rotation_range, latents)
        self.region = rotation_range.region
        self.latents = latents
        self.reach = reach

    def __call__(self, episodes: Episodes) -> Tensor:
        if episodes.step == 0:
            return self.first(episodes)
        seeds, step, here = episodes.seeds, episodes.step, episodes.poses[:, -1]
        near = self.latents.draw_near(here[:, 4 : 4 + len(self.latents)], seeds, step, self.reach / (2 * math.pi))
        return torch.cat([self._turned(here[:, :4], seeds, step), near], dim=1)

    def _turned(self, here: Tensor, seeds: Tensor, step: int) -> Tensor:
        """(B, 4), (B,) int64 -> (B, 4)."""
        count = 1 if self.region is None else _CANDIDATES
        axes = functional.normalize(draws.normal(seeds, step, "axis", 3 * count).unflatten(1, (count, 3)), dim=-1)
        angles = self.reach * draws.uniform(seeds, step, "angle", count)
        ends = rotations.compose(here[:, None], rotations.from_axis_angle(axes, angles))
        return ends[:, 0] if self.region is None else first_held(self.region, ends, here)
