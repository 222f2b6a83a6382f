"""The face of every world: a scene seen under a pose gives a view; an action changes the pose."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from .. import draws
from ..checks import check_memory, check_name, check_rows, check_whole, check_within, keyword_options
from ..episode_numbers import SEED_BOUND
from ..frames import side_by_side
from ..rollout import Policy, Rollout, roll_out
from ..sources.banks import MeshSet, PictureSet, Skipped, ViewSet


class World(ABC):
    """N scenes on one device, seen by any number of rows at once.

    A world holds no episode: every method takes the scenes and poses of B rows and returns tensors for them, each
    row independent of the others. It never changes once it is made, so that a deep copy is the world itself; pickled
    it is made again from what it was made of.

    Attributes:
        name: the name of the world in `make_world`.
        pose_name: what a pose is called in observations.
        pose_dim: P, numbers in a pose.
        action_dim: A, numbers in an action.
        action_low, action_high: bounds of every number in an action.
        still: the action that changes nothing.
        reach: the longest movement that one action asks for, as `distance` measures it; infinite without a limit.
        tolerance: the distance up to which tasks take two poses for the same unless told otherwise.
        choice_count: K, how many actions `choices` offers.
        pose_low, pose_high: bounds of each number in a pose.
        view_shape: (3, H, W).
        classes: names of the classes.
        labels: (N,) int64, the class of each scene.
        device: where all tensors live, but for pictures that are left on the host.
        skipped: files of the source that could not be used.
        made_of: the scenes as their source handed them over.
        options: the other arguments that the world was made with.
    """

    name: ClassVar[str]
    pose_name: ClassVar[str]
    pose_dim: int
    action_dim: int
    action_low: ClassVar[float] = -1.0
    action_high: ClassVar[float] = 1.0
    still: tuple[float, ...]
    reach: float = math.inf
    tolerance: ClassVar[float]
    choice_count: int
    pose_low: tuple[float, ...]
    pose_high: tuple[float, ...]
    view_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    labels: Tensor
    device: torch.device
    skipped: tuple[Skipped, ...]
    made_of: PictureSet | MeshSet | ViewSet
    options: dict[str, Any]

    def __len__(self) -> int:
        return self.labels.shape[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> World:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self.options), (self.made_of,)

    @property
    def data_hash(self) -> str:
        """Of the scenes: worlds over the same pictures or meshes have the same, whatever they make of them.

        Built-in scenes are computed: a GPU, another processor or another version of NumPy may round a few of their
        numbers otherwise, and the hash is another then.
        """
        return self.made_of.content_hash

    @property
    def optics(self) -> str:
        """What its views are, in words: worlds of one name and the same optics show the same kind of views."""
        _, height, width = self.view_shape
        return f"{self.name}, views of {height} x {width} pixels"

    @classmethod
    @abstractmethod
    def from_source(cls, source: str = ..., **options: Any) -> World:
        """A world over a built-in source or a folder with a subfolder per class."""

    @classmethod
    def option_names(cls, options: Mapping[str, Any]) -> set[str]:
        """Names of the options that `from_source` takes; which ones may depend on those given."""
        return keyword_options(cls.from_source, cls)

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """The policies this world knows by name; the first is the default."""
        return self.make_policies()

    @abstractmethod
    def make_policies(self) -> Mapping[str, Policy]:
        """What `policies` holds."""

    @abstractmethod
    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """Where episodes begin when no policy chooses. (B,), (B,) int64 -> (B, P) float32."""

    @abstractmethod
    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        """The poses after the actions. (..., P), (..., A) float32 -> (..., P) float32."""

    def aim(self, start: Tensor, poses: Tensor) -> Tensor:
        """Where movements to the poses are sent, given the bounds and the reach of the world: here just there.

        (..., P), (..., >= A) float32 -> (..., >= A) float32. `move` has it done already.
        """
        return poses

    @abstractmethod
    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        """The actions that lead from one pose to another. (..., P), (..., P) float32 -> (..., A) float32."""

    def canonical(self, actions: Tensor) -> Tensor:
        """The actions as the world takes them, of those that mean the same: here themselves. (..., A) -> (..., A)."""
        return actions

    @abstractmethod
    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """How far apart two poses, or two canonical actions, are, in the world's own unit. (..., P or A) -> (...)."""

    @abstractmethod
    def choices(self, poses: Tensor) -> Tensor:
        """A few actions for agents that choose from a list. (N, P) float32 -> (N, K, A) float32."""

    @abstractmethod
    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """What is seen. (B,) int64, (B, P) float32 -> (B, 3, H, W) uint8."""

    @abstractmethod
    def panels(self, scene: int, poses: Tensor) -> dict[str, np.ndarray]:
        """Pictures of one episode so far, for people to look at, by what they show.

        Scene, (t, P) float32 -> (H, W_i, 3) uint8 each.
        """

    def frame(self, scene: int, poses: Tensor) -> np.ndarray:
        """The panels of one episode so far side by side. Scene, (t, P) float32 -> (H, W, 3) uint8."""
        return side_by_side(list(self.panels(scene, poses).values()))

    def check_actions(self, actions: Tensor) -> None:
        """Refuse actions, (B, A) float32, that are not finite or out of bounds.

        Raises:
            ValueError: naming the first such action and its row. On CUDA see `envs.checks.check_rows`.
        """
        check_within("action", actions, self.action_low, self.action_high)

    def settle(self, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        """What the world itself changes at a step, such as 3DIEBench's light: here nothing.

        (B, >= A) float32 poses as a policy or an action left them, (B,) int64 scenes and seeds -> (B, P) float32.
        """
        return poses

    def land(self, start: Tensor, poses: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        """Where movements that were sent to the poses end, which motor noise changes: here just there.

        (B, P), (B, P) float32, (B,) int64 seeds -> (B, P) float32. Comes last, after `move` or `aim` and `settle`.
        """
        return poses

    def draw_scenes(self, seeds: Tensor) -> Tensor:
        """The scene of each episode, uniform over the world's scenes. (B,) int64 -> (B,) int64."""
        return draws.integers(seeds, 0, "scene", len(self))[:, 0]

    def policy(self, policy: str | Policy | None) -> Policy:
        """A policy by name, the world's default for None, or the policy itself.

        Raises:
            ValueError: for a name this world does not know, and what is neither a name nor can be called.
        """
        if policy is None:
            return next(iter(self.policies.values()))
        if callable(policy):
            return policy
        check_name("policy", policy, self.policies)
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
            policy: who moves: a name in `policies`, the first of them when left out, or a policy.
            seed: the seed of the first row, at least 0.
            scenes: (B,) int64, which scenes to look at; drawn from the seeds when left out.

        Raises:
            TypeError, ValueError: for sizes below 1, an unknown policy or one that chooses no poses, a seed that is no
                whole number or out of range, or scenes that do not exist.
        """
        if scenes is not None:
            self._check_scenes(scenes, batch_size)
            batch_size = len(scenes)
        if batch_size is None:
            raise TypeError("rollout() needs a batch_size, or scenes")
        check_whole("batch_size", batch_size, 1)
        check_whole("length", length, 1)
        check_whole("seed", seed, 0, SEED_BOUND - batch_size)
        views = batch_size * length
        check_memory(f"batch_size={batch_size} and length={length}", views * math.prod(self.view_shape))
        seeds = torch.arange(batch_size, device=self.device) + seed
        scenes = self.draw_scenes(seeds) if scenes is None else scenes.to(self.device)
        return roll_out(self, self.policy(policy), seeds, scenes, length)

    def _check_scenes(self, scenes: Tensor, batch_size: int | None) -> None:
        if not isinstance(scenes, Tensor):
            raise TypeError(f"scenes must be a torch tensor, int64, got {scenes!r}")
        rows = scenes.numel() if batch_size is None else batch_size
        if scenes.shape != (rows,) or scenes.dtype != torch.int64:
            given = f"{tuple(scenes.shape)} {scenes.dtype}"
            raise ValueError(f"scenes must be ({rows},) int64, one for each row, got {given}")
        check_rows("scene", scenes, (scenes >= 0) & (scenes < len(self)), f"use 0 to {len(self) - 1}")
