"""What a model may be told wrongly while it is evaluated: the order of the views, and the actions between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from ..envs import draws, rotations
from ..envs.checks import check_fields, check_number
from ..envs.worlds import AugmentationsWorld, World
from ..envs.worlds.rotating import RotatingWorld

Order = Literal["seen", "shuffled", "mismatched"]


@dataclass(frozen=True)
class Disturbance:
    """How the aggregator's inputs are disturbed; by default not at all. Embeddings of single views are left alone.

    Attributes:
        order: "seen"; "shuffled": the views in a random order, beside the actions that lead from one to the next in
            that order; "mismatched": the views in a random order, beside the actions as they were, which then tell
            nothing of where the views are.
        action_noise: standard deviation of noise on every action, normal and independent, in the world's units. To
            rotations it is a rotation about an axis in any direction, by an angle of this deviation in radians; to
            other numbers it is added, such as the rows and columns of saccades, in sides of the picture.

    Raises:
        TypeError, ValueError: for an unknown order, or noise that is no number, negative or not finite.
    """

    order: Order = "seen"
    action_noise: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self)
        check_number("action_noise", self.action_noise, 0)

    def __call__(self, world: World, z: Tensor, poses: Tensor, actions: Tensor, seeds: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings and actions as the aggregator is told them.

        Args:
            world: what the poses and actions are of.
            z: (B, M, D) float32 embeddings of M views.
            poses: (B, M, P) float32.
            actions: (B, M - 1, A) float32.
            seeds: (B,) int64, of the episodes.

        Returns:
            (B, M, D) and (B, M - 1, A) float32.

        Raises:
            ValueError: for shuffled views in a world whose actions are not differences of poses.
        """
        if self.order != "seen":
            order = draws.bits(seeds, 0, f"order of {z.shape[1]} views", z.shape[1]).argsort(1)[..., None]
            z = z.take_along_dim(order, 1)
            if self.order == "shuffled":
                _check_differences(world)
                poses = poses.take_along_dim(order, 1)
                actions = world.actions_between(poses[:, :-1], poses[:, 1:])
        if self.action_noise and actions.shape[1]:
            steps = range(actions.shape[1])
            noisy = [add_noise(world, actions[:, i], self.action_noise, seeds, i) for i in steps]
            actions = torch.stack(noisy, dim=1)
        return z, actions


def add_noise(world: World, actions: Tensor, deviation: float, seeds: Tensor, step: int) -> Tensor:
    """Actions (B, A) of a step with noise on them, see `Disturbance`; the same for the same seeds (B,) and step."""
    noise = deviation * draws.normal(seeds, step, "action noise", actions.shape[1])
    if not isinstance(world, RotatingWorld):
        return actions + noise
    axes = functional.normalize(draws.normal(seeds, step, "axis of noise", 3), dim=1)
    turned = rotations.compose(rotations.normalise(actions[:, :4]), rotations.from_axis_angle(axes, noise[:, 0]))
    return torch.cat([turned, actions[:, 4:] + noise[:, 4:]], dim=1)


def _check_differences(world: World) -> None:
    if isinstance(world, AugmentationsWorld) and world.official:
        raise ValueError('official=True: actions over a sequence have no other order; use order="mismatched"')
