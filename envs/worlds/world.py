"""The face of every world: a scene seen under a pose gives a view; an action changes the pose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from .. import draws
from ..rollout import Policy, Rollout, roll_out


class World(ABC):
    """N scenes on one device, seen by any number of rows at once.

    A world holds no episode: every method takes the scenes and poses of B rows and returns tensors for them, each
    row independent of the others.

    Attributes:
        name: the name of the world in `make_world`.
        pose_name: what a pose is called in observations.
        pose_dim: P, numbers in a pose.
        action_dim: A, numbers in an action.
        action_low, action_high: bounds of every number in an action.
        pose_low, pose_high: bounds of each number in a pose.
        view_shape: (3, H, W).
        classes: names of the classes.
        labels: (N,) int64, the class of each scene.
        device: where all tensors live.
    """

    name: ClassVar[str]
    pose_name: ClassVar[str]
    pose_dim: int
    action_dim: int
    action_low: ClassVar[float] = -1.0
    action_high: ClassVar[float] = 1.0
    pose_low: tuple[float, ...]
    pose_high: tuple[float, ...]
    view_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    labels: Tensor
    device: torch.device

    def __len__(self) -> int:
        return self.labels.shape[0]

    @property
    @abstractmethod
    def policies(self) -> Mapping[str, Policy]:
        """The policies this world knows by name; the first is the default."""

    @abstractmethod
    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """Where episodes begin when no policy chooses. (B,), (B,) int64 -> (B, P) float32."""

    @abstractmethod
    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        """The poses after the actions. (..., P), (..., A) float32 -> (..., P) float32."""

    @abstractmethod
    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        """The actions that lead from one pose to another. (..., P), (..., P) float32 -> (..., A) float32."""

    @abstractmethod
    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """What is seen. (B,) int64, (B, P) float32 -> (B, 3, H, W) uint8."""

    @abstractmethod
    def frame(self, scene: int, poses: Tensor) -> np.ndarray:
        """A picture of one episode so far, for people to look at. Scene, (t, P) float32 -> (H, W, 3) uint8."""

    def check_actions(self, actions: Tensor) -> None:
        """Refuse actions, (B, A) float32, that are not finite or out of bounds.

        On CUDA the check runs on the device and does not wait for it.

        Raises:
            ValueError: with the first offending row.
        """
        rule = f"every number must be finite and in [{self.action_low}, {self.action_high}]"
        self._require((actions >= self.action_low) & (actions <= self.action_high), actions, rule)

    def settle(self, poses: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        """What the world itself changes at a step, such as 3DIEBench's light: here nothing.

        (B, >= A) float32 poses as a policy or an action left them, (B,) int64 seeds -> (B, P) float32.
        """
        return poses

    def draw_scenes(self, seeds: Tensor) -> Tensor:
        """The scene of each episode, uniform over the world's scenes. (B,) int64 -> (B,) int64."""
        return draws.integers(seeds, 0, "scene", len(self))[:, 0]

    def policy(self, policy: str | Policy | None) -> Policy:
        """A policy by name, the world's default for None, or the policy itself.

        Raises:
            ValueError: for a name this world does not know.
        """
        if policy is None:
            return next(iter(self.policies.values()))
        if not isinstance(policy, str):
            return policy
        if policy not in self.policies:
            known = ", ".join(repr(name) for name in self.policies)
            raise ValueError(f"policy={policy!r} is not known to the world {self.name!r}; it knows {known}")
        return self.policies[policy]

    def rollout(
        self,
        batch_size: int | None = None,
        length: int = 5,
        policy: str | Policy | None = None,
        seed: int = 0,
        scenes: Tensor | None = None,
    ) -> Rollout:
        """A batch of episodes; row i is the episode of seed `seed + i`, whatever the batch size.

        Args:
            batch_size: B; may be left out where `scenes` is given.
            length: L, views per episode, at least 1.
            policy: who moves; see `policies`.
            seed: the seed of the first row.
            scenes: (B,) int64, which scenes to look at; drawn from the seeds when left out.

        Raises:
            ValueError: for sizes below 1, an unknown policy, or scenes that do not exist.
        """
        batch_size = self._check_batch_size(batch_size, scenes)
        if length < 1:
            raise ValueError(f"length={length}: an episode has at least 1 view")
        seeds = torch.arange(seed, seed + batch_size, device=self.device, dtype=torch.int64)
        scenes = self.draw_scenes(seeds) if scenes is None else scenes.to(self.device)
        return roll_out(self, self.policy(policy), seeds, scenes, length)

    def _require(self, valid: Tensor, actions: Tensor, rule: str) -> None:
        if actions.device.type != "cpu":
            torch._assert_async(valid.all(), f"actions of the world {self.name!r}: {rule}")
        elif not valid.all():
            row = int((~valid).flatten(1).any(dim=1).nonzero()[0, 0])
            raise ValueError(f"action {actions[row].tolist()} of row {row}: {rule}")

    def _check_batch_size(self, batch_size: int | None, scenes: Tensor | None) -> int:
        if scenes is None:
            if batch_size is None or batch_size < 1:
                raise ValueError(f"batch_size={batch_size}: a rollout has at least 1 row, unless scenes are given")
            return batch_size
        if scenes.ndim != 1 or scenes.dtype != torch.int64 or len(scenes) == 0:
            raise ValueError(f"scenes must be (B,) int64, got {tuple(scenes.shape)} {scenes.dtype}")
        if batch_size not in (None, len(scenes)):
            raise ValueError(f"batch_size={batch_size}, but {len(scenes)} scenes are given; leave batch_size out")
        low, high = int(scenes.min()), int(scenes.max())
        if low < 0 or high >= len(self):
            raise ValueError(f"scenes go from {low} to {high}, but the world has {len(self)} scenes, from 0")
        return len(scenes)
