"""The face of every task: what is observed, what an action means, what is rewarded, when an episode ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from ..worlds.world import World

MAX_STEP = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Rows:
    """The state of N running episodes, one per row, on the world's device.

    Attributes:
        seeds: (N,) int64, the seeds of the running episodes.
        scenes: (N,) int64.
        poses: (N, P) float32, where the rows are now.
        steps: (N,) int64, actions taken in the running episodes.
    """

    seeds: Tensor
    scenes: Tensor
    poses: Tensor
    steps: Tensor

    def select(self, index: Tensor) -> Rows:
        """The rows of an index, (K,) int64."""
        return Rows(self.seeds[index], self.scenes[index], self.poses[index], self.steps[index])

    def put(self, index: Tensor, fresh: Rows) -> Rows:
        """These rows with `fresh` in the places of the index, (K,) int64."""
        return Rows(
            self.seeds.index_copy(0, index, fresh.seeds),
            self.scenes.index_copy(0, index, fresh.scenes),
            self.poses.index_copy(0, index, fresh.poses),
            self.steps.index_copy(0, index, fresh.steps),
        )


@dataclass(frozen=True)
class Outcome:
    """What one action of every row leads to.

    Attributes:
        poses: (N, P) float32, where the rows are afterwards.
        rewards: (N,) float32.
        terminations: (N,) bool, or None for a task that never ends an episode by itself.
    """

    poses: Tensor
    rewards: Tensor
    terminations: Tensor | None = None


class Task(ABC):
    """A task in a world, for any number of rows at once.

    The observation is a dictionary: "glimpse", the view, (3, H, W) uint8; the pose under the name its world gives
    it ("fixation" or "pose"), (P,) float32, unless it is switched off, as path integration needs; and "step", the
    number of actions taken, (1,) int64.

    Args:
        world: where it takes place.
        observe_pose: whether the pose is part of the observation.
    """

    name: ClassVar[str]

    def __init__(self, world: World, observe_pose: bool = True):
        self.world = world
        self.observe_pose = observe_pose

    @property
    def observation_space(self) -> spaces.Dict:
        """The observation of one row."""
        world = self.world
        entries: dict[str, spaces.Space] = {"glimpse": spaces.Box(0, 255, world.view_shape, np.uint8)}
        if self.observe_pose:
            low, high = (np.array(bound, dtype=np.float32) for bound in (world.pose_low, world.pose_high))
            entries[world.pose_name] = spaces.Box(low, high)
        entries["step"] = spaces.Box(0, MAX_STEP, (1,), np.int64)
        return spaces.Dict(entries)

    @property
    def action_space(self) -> spaces.Box:
        """The action of one row: by default the world's own."""
        return spaces.Box(self.world.action_low, self.world.action_high, (self.world.action_dim,), np.float32)

    def observe(self, rows: Rows) -> dict[str, Tensor]:
        """What every row observes now, batched as in `observation_space`; the caller may do with it as he likes."""
        observation = {"glimpse": self.world.views(rows.scenes, rows.poses)}
        if self.observe_pose:
            observation[self.world.pose_name] = rows.poses.clone()
        observation["step"] = rows.steps[:, None].clone()
        return observation

    @abstractmethod
    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        """What the actions, (N, A) float32, lead to."""

    def no_rewards(self, rows: Rows) -> Tensor:
        """(N,) float32 zeros."""
        return torch.zeros(len(rows.scenes), device=rows.scenes.device)
