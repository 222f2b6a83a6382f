"""How a hand moves what it points at: a place in a picture by pixels, an object by turns as the camera sees them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...envs import rotations
from ...envs.renderer.setups import Setup
from ...envs.worlds import ImagesWorld, ObjectsWorld

ACROSS = math.pi  # radians that an object turns by when the hand moves across the whole view
Playable = ImagesWorld | ObjectsWorld


def moved(world: Playable, pose: Tensor, right: float, down: float, roll: float = 0.0) -> Tensor:
    """Where the hand leads from a pose.

    A place in a picture goes right and down with the hand. Of an object what faces the camera does: it is turned about
    the camera's upright and horizontal axes, and clockwise by `roll` about the line of sight.

    Args:
        world: where.
        pose: (P,) float32.
        right, down: in sides of the picture or view.
        roll: in radians; of objects alone.

    Returns:
        (P,) float32.
    """
    if isinstance(world, ImagesWorld):
        return pose + torch.tensor([down, right], device=pose.device)
    horizontal, upright, sight = camera_axes(world.setup).to(pose.device)
    turn = ACROSS * (right * upright + down * horizontal) + roll * sight
    angle = turn.norm()
    if angle == 0:
        return pose
    turned = rotations.multiply(rotations.from_axis_angle(turn / angle, angle), pose[:4])
    return torch.cat([rotations.normalise(turned), pose[4:]])


def camera_axes(setup: Setup) -> Tensor:
    """The directions to the right, upwards and into the view, in world coordinates. (3, 3) float32, a row each."""
    polar, azimuth = setup.camera_polar, setup.camera_azimuth
    sight = -torch.tensor([math.sin(polar) * math.cos(azimuth), math.sin(polar) * math.sin(azimuth), math.cos(polar)])
    horizontal = torch.linalg.cross(sight, torch.tensor([0.0, 0.0, 1.0]))
    horizontal = horizontal / horizontal.norm()
    return torch.stack([horizontal, torch.linalg.cross(horizontal, sight), sight])
