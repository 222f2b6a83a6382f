"""Ranges of object rotations from which poses are drawn."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from . import draws, rotations
from .checks import check_name

INNER_ANGLE = math.pi / 2
"""What parts "inner" from "outer" rotations. Within it, the shortest way between any two inner rotations is inner."""

_NEWTON_STEPS = 6  # five reach the limit of float64
_CANDIDATES = 32


class RotationRange(Protocol):
    """Draws one pose per row. (B,) int64 seeds, step -> (B, 4) float32 unit quaternions (x, y, z, w), w >= 0.

    `region` is what walks from there must not leave, or None.
    """

    @property
    def region(self) -> Region | None: ...

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor: ...


class EulerRange:
    """Extrinsic xyz Euler angles, each uniform within plus or minus its limit.

    Args:
        limits: of the angles about x, y and z, in radians. Pi / 2 for each is 3DIEBench (Garrido, Najman & LeCun,
            "Self-supervised learning of split invariant equivariant representations", ICML 2023).
    """

    region = None

    def __init__(self, limits: tuple[float, float, float]):
        self.limits = limits

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        return self.candidates(seeds, step, 1)[:, 0]

    def candidates(self, seeds: Tensor, step: int | Tensor, count: int) -> Tensor:
        """Independent draws, the first of them the row's own. (B,) int64 -> (B, count, 4) float32."""
        signed = 2 * draws.uniform(seeds, step, "rotation", 3 * count).unflatten(1, (count, 3)) - 1
        angles = [part * limit for part, limit in zip(signed.unbind(-1), self.limits, strict=True)]
        return rotations.from_euler(torch.stack(angles, dim=-1))


class AllRotations:
    """Uniform over SO(3)."""

    region = None

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        return rotations.uniform(draws.uniform(seeds, step, "rotation", 3))


class Region:
    """Rotations by less than an angle from the identity, or by at least that angle; uniform among them.

    The two have no rotation in common. Angles of uniform rotations have the density (1 - cos t) / pi on [0, pi]; its
    integral, (t - sin t) / pi, is inverted by Newton's method.

    Args:
        limit: the angle in radians, in (0, pi).
        inside: whether it is the part below the limit.
    """

    def __init__(self, limit: float, inside: bool):
        self.limit = limit
        self.inside = inside

    @property
    def region(self) -> Region:
        """Itself."""
        return self

    def holds(self, q: Tensor) -> Tensor:
        """Which rotations belong to it. (..., 4) -> (...) bool."""
        return (q[..., 3].abs() > math.cos(self.limit / 2)) == self.inside

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        u = draws.uniform(seeds, step, "rotation", 3, torch.float64)
        inner = (self.limit - math.sin(self.limit)) / math.pi
        share = inner * (1 - u[:, 0]) if self.inside else inner + (1 - inner) * u[:, 0]  # never 0
        height, azimuth = 2 * u[:, 1] - 1, 2 * math.pi * u[:, 2]
        width = (1 - height * height).sqrt()
        axis = torch.stack([width * torch.cos(azimuth), width * torch.sin(azimuth), height], dim=-1)
        return rotations.from_axis_angle(axis, _angle_of_share(share)).float()


class RestrictedRange:
    """Another range's draws as far as a region holds them.

    Of each row's independent draws the first held one counts. Rows without any among 32, less than one in a million
    for 3DIEBench's range, draw uniformly from the region.

    Args:
        range_: where draws come from.
        region: what they are restricted to.
    """

    def __init__(self, range_: EulerRange, region: Region):
        self.range = range_
        self.region = region

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        return first_held(self.region, self.range.candidates(seeds, step, _CANDIDATES), self.region(seeds, step))


def first_held(region: Region, candidates: Tensor, otherwise: Tensor) -> Tensor:
    """The first of each row's rotations that the region holds. (B, K, 4), (B, 4) for rows without -> (B, 4)."""
    held = region.holds(candidates)
    first = held.int().argmax(dim=1)[:, None, None]
    return torch.where(held.any(dim=1)[:, None], candidates.take_along_dim(first, dim=1)[:, 0], otherwise)


def _angle_of_share(share: Tensor) -> Tensor:
    """The angle t below which a share (t - sin t) / pi of all rotations lies. (B,) float64 in (0, 1) -> (B,)."""
    angle = (6 * math.pi * share) ** (1 / 3)  # for small angles; from the second step on approached from above
    for _ in range(_NEWTON_STEPS):
        angle = angle - (angle - torch.sin(angle) - math.pi * share) / (1 - torch.cos(angle))
    return angle


_DIEBENCH = EulerRange((math.pi / 2, math.pi / 2, math.pi / 2))
_INNER, _OUTER = Region(INNER_ANGLE, inside=True), Region(INNER_ANGLE, inside=False)

ROTATION_RANGES: dict[str, RotationRange] = {
    "turntable": EulerRange((math.radians(15), math.radians(15), math.pi / 2)),
    "3diebench": _DIEBENCH,
    "so3": AllRotations(),
    "inner": _INNER,
    "outer": _OUTER,
    "3diebench-inner": RestrictedRange(_DIEBENCH, _INNER),
    "3diebench-outer": RestrictedRange(_DIEBENCH, _OUTER),
}


def rotation_range(name: str) -> RotationRange:
    """A range by name.

    "turntable" is yaw within 90 degrees and tilts within 15; "3diebench" 3DIEBench's, three Euler angles within 90
    degrees; "so3" all rotations. To train on some rotations and test on others, "inner" has those by less than 90
    degrees from the identity and "outer" the rest, each uniform on SO(3); "3diebench-inner" and "3diebench-outer" are
    those of 3DIEBench's draws that lie there, 64 and 36 percent.

    3DIEBench's own set of held-out rotations, all three Euler angles beyond 90 degrees, is no other than its training
    range: the angles (a, b, c) and (a + pi, pi - b, c + pi) are one rotation.

    Raises:
        ValueError: for an unknown name.
    """
    check_name("rotations", name, ROTATION_RANGES)
    return ROTATION_RANGES[name]
