"""Rotations as unit quaternions (x, y, z, w): scalar last, canonical sign w >= 0, batched over leading dimensions.

A pose R turns body coordinates into world coordinates. The action between two poses is the body-frame increment
A = R_i^-1 R_(i+1), so that R_(i+1) = R_i A and increments compose from left to right.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def canonical(q: Tensor) -> Tensor:
    """The one of q and -q, the same rotation, that has w >= 0. (..., 4) -> (..., 4)."""
    return torch.where(q[..., 3:] < 0, -q, q)


def normalise(q: Tensor) -> Tensor:
    """The rotation that a 4-vector of any length above zero points at, in canonical sign. (..., 4) -> (..., 4)."""
    return canonical(q / q.norm(dim=-1, keepdim=True))


def inverse(q: Tensor) -> Tensor:
    """The inverse of a unit quaternion. (..., 4) -> (..., 4)."""
    return torch.cat([-q[..., :3], q[..., 3:]], dim=-1)


def multiply(p: Tensor, q: Tensor) -> Tensor:
    """The Hamilton product: the rotation q followed by p, seen from fixed axes. (..., 4), (..., 4) -> (..., 4)."""
    px, py, pz, pw = p.unbind(-1)
    qx, qy, qz, qw = q.unbind(-1)
    return torch.stack(
        [
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
            pw * qw - px * qx - py * qy - pz * qz,
        ],
        dim=-1,
    )


def compose(pose: Tensor, action: Tensor) -> Tensor:
    """The pose after a body-frame increment: R A, renormalised, canonical. (..., 4), (..., 4) -> (..., 4)."""
    return normalise(multiply(pose, action))


def relative(start: Tensor, end: Tensor) -> Tensor:
    """The body-frame increment from one pose to another: R_start^-1 R_end. (..., 4), (..., 4) -> (..., 4)."""
    return normalise(multiply(inverse(start), end))


def angle_between(p: Tensor, q: Tensor) -> Tensor:
    """The geodesic angle between two rotations, in radians, in [0, pi]. (..., 4), (..., 4) -> (...)."""
    d = multiply(inverse(p), q)
    # Not atan2, whose last bit depends on where in a tensor a row stands.
    return 2 * torch.atan(d[..., :3].norm(dim=-1) / d[..., 3].abs())


def to_matrix(q: Tensor) -> Tensor:
    """Rotation matrices whose columns are the body axes in world coordinates. (..., 4) -> (..., 3, 3)."""
    x, y, z, w = q.unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], dim=-1),
        torch.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], dim=-1),
        torch.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], dim=-1),
    ]
    return torch.stack(rows, dim=-2)


def from_axis_angle(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotations by an angle in radians about a unit axis. (..., 3), (...) -> (..., 4)."""
    half = angle[..., None] / 2
    return canonical(torch.cat([axis * torch.sin(half), torch.cos(half)], dim=-1))


def from_euler(angles: Tensor) -> Tensor:
    """Extrinsic xyz Euler angles in radians, R = Rz Ry Rx (SciPy's "xyz"). (..., 3) -> (..., 4)."""
    axes = torch.eye(3, device=angles.device, dtype=angles.dtype)
    x, y, z = from_axis_angle(axes, angles).unbind(-2)
    return canonical(multiply(z, multiply(y, x)))


def uniform(u: Tensor) -> Tensor:
    """Rotations uniform on SO(3) from three uniform numbers in [0, 1) (Shoemake, Graphics Gems III, 1992).

    (..., 3) -> (..., 4).
    """
    a, b = torch.sqrt(1 - u[..., 0]), torch.sqrt(u[..., 0])
    s, t = 2 * math.pi * u[..., 1], 2 * math.pi * u[..., 2]
    return canonical(torch.stack([a * torch.sin(s), a * torch.cos(s), b * torch.sin(t), b * torch.cos(t)], dim=-1))


def toward(start: Tensor, end: Tensor, reach: float) -> Tensor:
    """The rotation on the shortest way from one to another, the end itself or `reach` radians away if it is farther.

    (..., 4), (..., 4) -> (..., 4).
    """
    turn = relative(start, end)
    x, y, z, w = turn.unbind(-1)
    sine = (x * x + y * y + z * z).sqrt()[..., None]
    beyond = 2 * torch.atan2(sine, w[..., None]) > reach
    axis = turn[..., :3] / sine  # not a number where nothing turns, which is not beyond reach
    shortened = from_axis_angle(axis, torch.full_like(w, reach))
    return torch.where(beyond, compose(start, shortened), end)
