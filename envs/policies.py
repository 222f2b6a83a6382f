"""Passive policies: eye movements and rotations that do not depend on what has been seen."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from ..saliency.scanpaths import UNIFORMS, FixationSampler
from ..saliency.spectral_residual import spectral_residual
from . import draws, rotations
from .rollout import Episodes
from .rotation_ranges import RotationRange


class UniformFixations:
    """Every fixation uniform over the pixels of the picture, without inhibition of return.

    Args:
        side: of the picture, in pixels.
    """

    def __init__(self, side: int):
        self.side = side

    def __call__(self, episodes: Episodes) -> Tensor:
        pixels = draws.integers(episodes.seeds, episodes.step, "fixation", self.side, 2)
        return pixels.float() / self.side


class SaliencyFixations:
    """Fixations drawn from spectral-residual saliency with inhibition of return, see `FixationSampler`.

    Args:
        pictures: (N, S, S, 3) uint8; the maps are computed when they are first needed, and kept.
        radius: of inhibition, in pixels.
    """

    def __init__(self, pictures: Tensor, radius: float):
        self.side = pictures.shape[1]
        self.radius = radius
        self._pictures = pictures

    @cached_property
    def sampler(self) -> FixationSampler:
        return FixationSampler(spectral_residual(self._pictures), self.radius)

    def __call__(self, episodes: Episodes) -> Tensor:
        uniforms = draws.uniform(episodes.seeds, episodes.step, "fixation", UNIFORMS, torch.float64)
        earlier = (episodes.poses * self.side).round().long()
        return self.sampler(episodes.scenes, earlier, uniforms).float() / self.side


class NearbyFixations:
    """A walk of short saccades: the first fixation as `first` chooses, each next one uniform in a square around it.

    Glimpses overlap, so that what a saccade changes can be seen in them. The square is cut at the border of the
    picture, so that every fixation lies within it.

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
        low = (here - self.reach).clamp_min(0)
        high = (here + self.reach).clamp_max(self.side - 1)
        u = draws.uniform(episodes.seeds, episodes.step, "fixation", 2)
        return (low + torch.floor(u * (high - low + 1))) / self.side


class UniformRotations:
    """Every pose drawn afresh from a range of rotations, so that consecutive rotations are large and unordered."""

    def __init__(self, rotation_range: RotationRange):
        self.range = rotation_range

    def __call__(self, episodes: Episodes) -> Tensor:
        return self.range(episodes.seeds, episodes.step)


class NearbyRotations:
    """A walk on SO(3): the first pose from a range, each next one by a small rotation about a random axis.

    Args:
        rotation_range: where the first pose comes from; the walk may leave it.
        reach: the largest angle of a step, in radians; the angle is uniform from 0 to it.
    """

    def __init__(self, rotation_range: RotationRange, reach: float):
        self.range = rotation_range
        self.reach = reach

    def __call__(self, episodes: Episodes) -> Tensor:
        if episodes.step == 0:
            return self.range(episodes.seeds, 0)
        axis = functional.normalize(draws.normal(episodes.seeds, episodes.step, "axis", 3), dim=-1)
        angle = self.reach * draws.uniform(episodes.seeds, episodes.step, "angle")[:, 0]
        return rotations.compose(episodes.poses[:, -1, :4], rotations.from_axis_angle(axis, angle))
