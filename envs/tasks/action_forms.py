"""How an agent puts its actions: as numbers, or as one of a short list."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from ..checks import check_name, check_rows, check_within
from ..worlds.world import World


class ActionForm(ABC):
    """The space of one row's actions, and what an action in it means: a movement, or an answer that ends the episode.

    Args:
        world: in which the movements are.
        answers: C, how many answers there are; 0 for tasks that end without one.

    Attributes:
        space: of one row's action.
    """

    space: spaces.Space

    def __init__(self, world: World, answers: int = 0):
        self.world = world
        self.answer_count = answers

    @abstractmethod
    def check(self, actions: Tensor) -> None:
        """Refuse actions, (N, ...), that are not in the space.

        Raises:
            ValueError: naming the first such action and its row. On CUDA see `envs.checks.check_rows`.
        """

    @abstractmethod
    def movements(self, poses: Tensor, actions: Tensor) -> Tensor:
        """The actions of the world, (N, A) float32; for rows that answer, any valid one."""

    @abstractmethod
    def answers(self, actions: Tensor) -> Tensor:
        """The answers, (N,) int64 in [0, C), or -1 where the action is a movement."""

    @abstractmethod
    def reach(self, poses: Tensor) -> Tensor:
        """The longest movement of one action from each pose, in the world's unit. (N, P) -> (N,) float32."""


class BoxActions(ActionForm):
    """One Box, as policies with continuous actions need: the movement, (A,), alone where there are no answers.

    With answers the action is (A + 1 + C,): the movement within the world's bounds, then a flag and a score for each
    answer, all in [-1, 1]. A flag above 0 answers with the highest score; the movement, which must be a valid one
    even so, is then not made.
    """

    def __init__(self, world: World, answers: int = 0):
        super().__init__(world, answers)
        extra = np.ones(1 + answers if answers else 0, dtype=np.float32)
        low, high = (np.full(world.action_dim, bound, np.float32) for bound in (world.action_low, world.action_high))
        self.space = spaces.Box(np.concatenate([low, -extra]), np.concatenate([high, extra]))

    def check(self, actions: Tensor) -> None:
        self.world.check_actions(self.movements(actions, actions))
        if self.answer_count:
            check_within("action's flag and scores", actions[:, self.world.action_dim :], -1, 1)

    def movements(self, poses: Tensor, actions: Tensor) -> Tensor:
        return actions[:, : self.world.action_dim] if self.answer_count else actions

    def answers(self, actions: Tensor) -> Tensor:
        flags, scores = actions[:, self.world.action_dim], actions[:, self.world.action_dim + 1 :]
        return scores.argmax(dim=1).masked_fill_(flags <= 0, -1)

    def reach(self, poses: Tensor) -> Tensor:
        return torch.full((len(poses),), self.world.reach, device=poses.device)


class DiscreteActions(ActionForm):
    """Discrete(K + C): the world's K `choices`, then the answers."""

    def __init__(self, world: World, answers: int = 0):
        super().__init__(world, answers)
        self.count = world.choice_count + answers
        self.space = spaces.Discrete(self.count)

    def check(self, actions: Tensor) -> None:
        inside = (actions >= 0) & (actions < self.count)
        check_rows("action", actions, inside, f"use a whole number from 0 to {self.count - 1}")

    def movements(self, poses: Tensor, actions: Tensor) -> Tensor:
        choices = self.world.choices(poses)
        return choices[torch.arange(len(poses), device=poses.device), actions.clamp_max(choices.shape[1] - 1)]

    def answers(self, actions: Tensor) -> Tensor:
        return (actions - self.world.choice_count).clamp_min(-1)

    def reach(self, poses: Tensor) -> Tensor:
        choices = self.world.choices(poses)
        starts = poses[:, None].expand(-1, choices.shape[1], -1)
        return self.world.distance(starts, self.world.move(starts, choices)).amax(dim=1)


ACTION_FORMS: dict[str, type[ActionForm]] = {"box": BoxActions, "discrete": DiscreteActions}


def make_form(name: str, world: World, answers: int = 0) -> ActionForm:
    """A form by name: "box" or "discrete".

    Raises:
        ValueError: for an unknown name.
    """
    check_name("actions", name, ACTION_FORMS)
    return ACTION_FORMS[name](world, answers)
