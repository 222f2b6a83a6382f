"""The face of every task: how episodes begin and end, what is observed, what actions do, what is rewarded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from ..checks import check_flag, keyword_options
from ..frames import side_by_side
from ..worlds.world import World
from .action_forms import ActionForm, BoxActions

MAX_STEP = np.iinfo(np.int32).max
GLIMPSE = "glimpse"  # of the observation, and of the state of tasks that look at the view themselves


@dataclass(frozen=True)
class Outcome:
    """What one action of every row leads to.

    Attributes:
        poses: (N, P) float32, where the rows are afterwards.
        rewards: (N,) float32.
        terminations: (N,) bool, or None for a task that never ends an episode by itself.
        state: what has changed of the state of the rows.
    """

    poses: Tensor
    rewards: Tensor
    terminations: Tensor | None = None
    state: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """The state of N running episodes, one per row, on the world's device.

    Attributes:
        seeds: (N,) int64, the seeds of the running episodes.
        scenes: (N,) int64.
        poses: (N, P) float32, where the rows are now.
        steps: (N,) int64, actions taken in the running episodes.
        state: (N, ...) each, what the task remembers, by name.
    """

    seeds: Tensor
    scenes: Tensor
    poses: Tensor
    steps: Tensor
    state: Mapping[str, Tensor] = field(default_factory=dict)

    @cached_property
    def next_steps(self) -> Tensor:
        """(N,) int64, the steps after one more action."""
        return self.steps + 1

    def after(self, outcome: Outcome) -> Rows:
        """The rows one action later."""
        return Rows(self.seeds, self.scenes, outcome.poses, self.next_steps, {**self.state, **outcome.state})

    def select(self, index: Tensor) -> Rows:
        """The rows of an index, (K,) int64."""
        state = {key: value[index] for key, value in self.state.items()}
        return Rows(self.seeds[index], self.scenes[index], self.poses[index], self.steps[index], state)

    def put(self, index: Tensor, fresh: Rows) -> Rows:
        """These rows with `fresh` in the places of the index, (K,) int64."""
        return Rows(
            self.seeds.index_copy(0, index, fresh.seeds),
            self.scenes.index_copy(0, index, fresh.scenes),
            self.poses.index_copy(0, index, fresh.poses),
            self.steps.index_copy(0, index, fresh.steps),
            {key: value.index_copy(0, index, fresh.state[key]) for key, value in self.state.items()},
        )


class Task(ABC):
    """A task in a world, for any number of rows at once.

    The observation is a dictionary: "glimpse", the view, (3, H, W) uint8; the pose under the name its world gives
    it ("fixation", "pose" or "parameters"), (P,) float32; and "step", the number of actions taken, (1,) int64. Tasks
    add to it.
    The keyword-only parameters of a task's class are its options.

    The scores in the docstrings of tasks are those of the named environments on the test split of the built-in sources,
    for objects 32 of them at 32 pixels, for augmentations pictures of 32 pixels; the tests hold the policies, and
    measure again.

    Args:
        world: where it takes place.
        observe_pose: whether the pose is part of the observation.

    Attributes:
        form: how an action is put.
        length: actions in every episode, where the task settles it.
    """

    name: ClassVar[str]
    length: int | None = None

    def __init__(self, world: World, *, observe_pose: bool = True):
        check_flag("observe_pose", observe_pose)
        self.world = world
        self.observe_pose = observe_pose
        self.observe_view = True
        self.form: ActionForm = BoxActions(world)

    @classmethod
    def option_names(cls) -> set[str]:
        """Names of the options."""
        return keyword_options(cls)

    def check_limit(self, steps: int) -> None:
        """Refuse a limit of actions that an episode cannot keep.

        Raises:
            ValueError: naming the least limit.
        """
        if self.length is not None and steps < self.length:
            raise ValueError(f"max_episode_steps={steps} ends {self.name!r} too early; use at least {self.length}")

    @property
    def observation_space(self) -> spaces.Dict:
        """The observation of one row."""
        world = self.world
        entries: dict[str, spaces.Space] = {}
        if self.observe_view:
            entries[GLIMPSE] = spaces.Box(0, 255, world.view_shape, np.uint8)
        if self.observe_pose:
            low, high = (np.array(bound, dtype=np.float32) for bound in (world.pose_low, world.pose_high))
            entries[world.pose_name] = spaces.Box(low, high)
        entries["step"] = spaces.Box(0, MAX_STEP, (1,), np.int64)
        return spaces.Dict(entries)

    @property
    def action_space(self) -> spaces.Space:
        """The action of one row: by default the world's own."""
        return self.form.space

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        """The rows of episodes that begin. (N,), (N,) int64."""
        return Rows(seeds, scenes, self.world.first_poses(seeds, scenes), torch.zeros_like(seeds))

    def observe(self, rows: Rows) -> dict[str, Tensor]:
        """What every row observes now, batched as in `observation_space`; the caller may do with it as he likes."""
        observation: dict[str, Tensor] = {}
        if self.observe_view:
            kept = rows.state.get(GLIMPSE)
            observation[GLIMPSE] = self.world.views(rows.scenes, rows.poses) if kept is None else kept.clone()
        if self.observe_pose:
            observation[self.world.pose_name] = rows.poses.clone()
        observation["step"] = rows.steps[:, None].clone()
        return observation

    @abstractmethod
    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        """What the actions, (N, ...) as in `action_space`, lead to."""

    def commands(self, rows: Rows, actions: Tensor) -> Tensor:
        """The movements that actions send out, within the limits of the world and before motor noise.

        Answers and reports, which move nothing, are the movement that changes nothing; so is every movement where the
        task does not let it be known.

        Args:
            rows: before the actions.
            actions: (N, ...) as in `action_space`.

        Returns:
            (N, A) float32, actions of the world.
        """
        return self.world.actions_between(rows.poses, self.aim(rows, self.form.movements(rows.poses, actions)))

    def info(self, rows: Rows) -> dict[str, Tensor]:
        """What is reported of every row beside the observation, (N, ...) each: by default nothing."""
        return {}

    def panels(self, row: Rows, path: Tensor) -> dict[str, np.ndarray]:
        """Pictures of an episode so far, for people to look at, by what they show: by default the world's own.

        One row, (t, P) float32 -> (H, W_i, 3) uint8 each.
        """
        return self.world.panels(int(row.scenes[0]), path)

    def frame(self, row: Rows, path: Tensor) -> np.ndarray:
        """The panels of an episode so far side by side. One row, (t, P) float32 -> (H, W, 3) uint8."""
        return side_by_side(list(self.panels(row, path).values()))

    def aim(self, rows: Rows, actions: Tensor) -> Tensor:
        """Where actions of the world, (N, A) float32, send the rows. -> (N, P) float32."""
        return self.world.settle(self.world.move(rows.poses, actions), rows.scenes, rows.seeds, rows.next_steps)

    def land(self, rows: Rows, aims: Tensor) -> Tensor:
        """Where rows end that were sent to the aims, (N, P) float32. -> (N, P) float32."""
        return self.world.land(rows.poses, aims, rows.seeds, rows.next_steps)

    def move(self, rows: Rows, actions: Tensor) -> Tensor:
        """Where actions of the world, (N, A) float32, lead the rows. -> (N, P) float32."""
        return self.land(rows, self.aim(rows, actions))

    def keep_still(self, rows: Tensor, commands: Tensor) -> Tensor:
        """Commands, (N, A) float32, with that which changes nothing for the marked rows, (N,) bool."""
        return torch.where(rows[:, None], torch.tensor(self.world.still, device=commands.device), commands)

    def no_rewards(self, rows: Rows) -> Tensor:
        """(N,) float32 zeros."""
        return torch.zeros(len(rows.scenes), device=rows.scenes.device)


def known_to_be_none(rows: Tensor) -> bool:
    """Whether none of the rows is marked, where the host knows without waiting for a device. (N,) bool."""
    return rows.device.type == "cpu" and not rows.any()


def as_picture(view: Tensor) -> np.ndarray:
    """One view as people's tools take it. (1, 3, H, W) uint8 -> (H, W, 3) uint8."""
    return view[0].permute(1, 2, 0).cpu().numpy()
