"""Rollouts: batches of episodes made by a policy, as tensors on the world's device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .checks import check_rows

if TYPE_CHECKING:
    from .worlds.world import World


@dataclass(frozen=True)
class Rollout:
    """B episodes of L views; action i leads from view i to view i + 1.

    Actions are movements as they were commanded, within the world's limits; poses are where they ended. So an action
    is the difference of two poses, unless motor noise comes between.

    Attributes:
        views: (B, L, 3, H, W) uint8.
        poses: (B, L, P) float32.
        actions: (B, L - 1, A) float32.
        labels: (B,) int64, the class of each scene.
        scenes: (B,) int64, the index of each scene in its world.
    """

    views: Tensor
    poses: Tensor
    actions: Tensor
    labels: Tensor
    scenes: Tensor

    def __len__(self) -> int:
        return self.views.shape[0]


class Episodes:
    """B episodes in the making: what a policy sees when it chooses the next poses.

    Views are made when they are first asked for, so that a policy that does not look costs nothing, and all the
    views that nobody looked at in between are made in one call at the end.

    Attributes:
        world: the world the episodes run in.
        seeds: (B,) int64 episode seeds.
        scenes: (B,) int64.
    """

    def __init__(self, world: World, seeds: Tensor, scenes: Tensor):
        self.world = world
        self.seeds = seeds
        self.scenes = scenes
        self._aims: list[Tensor] = []
        self._poses: list[Tensor] = []
        self._views: list[Tensor] = []

    @property
    def step(self) -> int:
        """The number of views so far; 0 when the first pose is being chosen."""
        return len(self._poses)

    @property
    def poses(self) -> Tensor:
        """(B, step, P) float32, the poses so far."""
        if not self._poses:
            return torch.empty(len(self.seeds), 0, self.world.pose_dim, device=self.seeds.device)
        return torch.stack(self._poses, dim=1)

    @property
    def actions(self) -> Tensor:
        """(B, step - 1, A) float32, the commands of the movements so far; not before the first pose."""
        return self.world.actions_between(self.poses[:, :-1], torch.stack(self._aims, dim=1)[:, 1:])

    @property
    def views(self) -> Tensor:
        """(B, step, 3, H, W) uint8, the views at the poses so far."""
        missing = self._poses[len(self._views) :]
        if missing:
            poses = torch.stack(missing, dim=1)
            rows, steps = poses.shape[:2]
            scenes = self.scenes.repeat_interleave(steps)
            views = self.world.views(scenes, poses.flatten(0, 1))
            self._views += views.unflatten(0, (rows, steps)).unbind(1)
            if len(self._views) == steps:
                return views.unflatten(0, (rows, steps))
        return torch.stack(self._views, dim=1)

    def append(self, poses: Tensor) -> None:
        """Move every row to its next pose, (B, >= A) float32, as its policy chose it, or as near as the world lets it.

        Raises:
            TypeError, ValueError: for a policy's answer that is no such poses.
        """
        self._check(poses)
        world, step = self.world, self.step
        if step == 0:
            aims = landed = world.settle(poses, self.scenes, self.seeds, step)
        else:
            start = self._poses[-1]
            aims = world.settle(world.aim(start, poses), self.scenes, self.seeds, step)
            landed = world.land(start, aims, self.seeds, step)
        self.arrive(aims, landed)

    def _check(self, poses: Tensor) -> None:
        world = self.world
        if not isinstance(poses, Tensor):
            raise TypeError(f"a policy must choose poses, a torch tensor; got {type(poses).__name__}")
        fits = poses.ndim == 2 and world.action_dim <= poses.shape[1] <= world.pose_dim
        if not fits or poses.shape[0] != self.seeds.shape[0] or poses.dtype != torch.float32:
            wanted = f"({len(self.seeds)}, {world.pose_dim}) float32"
            raise ValueError(f"a policy must choose poses {wanted}, got {tuple(poses.shape)} {poses.dtype}")

    def arrive(self, aims: Tensor, poses: Tensor) -> None:
        """Note where a movement to the aims has led every row, which somebody else has made. (B, P), (B, P)."""
        self._aims.append(aims)
        self._poses.append(poses)


class Policy(Protocol):
    """Chooses the next poses of a batch of episodes, (B, P) float32 on the world's device.

    It is asked for the first poses when `episodes.step` is 0. All randomness must come from `episodes.seeds` and
    `episodes.step` through `envs.draws`, so that a row does not depend on the other rows.
    """

    def __call__(self, episodes: Episodes) -> Tensor: ...


def roll_out(world: World, policy: Policy, seeds: Tensor, scenes: Tensor, length: int) -> Rollout:
    """Run `policy` for `length` views in every row. Shapes as in `Rollout`."""
    episodes = Episodes(world, seeds, scenes)
    for _ in range(length):
        episodes.append(policy(episodes))
    poses = episodes.poses
    if poses.device.type != "cpu" or not math.isfinite(poses.sum()):  # on the CPU the fastest way to see it
        check_rows("the policy's poses", poses, poses.isfinite(), "use finite numbers")
    return Rollout(
        views=episodes.views,
        poses=poses,
        actions=episodes.actions,
        labels=world.labels[scenes],
        scenes=scenes,
    )
