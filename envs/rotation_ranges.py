"""Ranges of object rotations from which poses are drawn."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from . import draws, rotations
from .checks import check_name


class RotationRange(Protocol):
    """Draws one pose per row. (B,) int64 seeds, step -> (B, 4) float32 unit quaternions (x, y, z, w), w >= 0."""

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor: ...


class EulerRange:
    """Extrinsic xyz Euler angles, each uniform within plus or minus its limit.

    Args:
        limits: of the angles about x, y and z, in radians. Pi / 2 for each is 3DIEBench (Garrido, Najman & LeCun,
            "Self-supervised learning of split invariant equivariant representations", ICML 2023).
    """

    def __init__(self, limits: tuple[float, float, float]):
        self.limits = limits

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        signed = 2 * draws.uniform(seeds, step, "rotation", 3) - 1
        angles = [part * limit for part, limit in zip(signed.unbind(-1), self.limits, strict=True)]
        return rotations.from_euler(torch.stack(angles, dim=-1))


class AllRotations:
    """Uniform over SO(3)."""

    def __call__(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        return rotations.uniform(draws.uniform(seeds, step, "rotation", 3))


ROTATION_RANGES: dict[str, RotationRange] = {
    "turntable": EulerRange((math.radians(15), math.radians(15), math.pi / 2)),
    "3diebench": EulerRange((math.pi / 2, math.pi / 2, math.pi / 2)),
    "so3": AllRotations(),
}


def rotation_range(name: str) -> RotationRange:
    """A range by name: "turntable" (yaw within 90 degrees, tilts within 15), "3diebench" or "so3".

    Raises:
        ValueError: for an unknown name.
    """
    check_name("rotations", name, ROTATION_RANGES)
    return ROTATION_RANGES[name]
