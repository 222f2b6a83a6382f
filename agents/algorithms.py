"""The algorithms of stable-baselines3 by name: which actions each can choose, and settings that suit many rows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gymnasium import spaces
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm


@dataclass(frozen=True)
class Algorithm:
    """An algorithm, and what it takes.

    Attributes:
        make: its class.
        actions: the class of action spaces for which it can learn, and which of a task's `actions` those are.
        options: settings for tens of rows side by side, where they are not the class's own.
    """

    make: type[BaseAlgorithm]
    actions: Mapping[str, type[spaces.Space]]
    options: Mapping[str, Any]

    @property
    def known(self) -> set[str]:
        """Options that may be chosen: those of the class, without what an agent is made of."""
        return inspect.signature(self.make).parameters.keys() - _OF_AGENTS


_OF_AGENTS = {"policy", "env", "policy_kwargs", "device", "seed", "tensorboard_log", "_init_setup_model"}
_BOX, _DISCRETE = {"box": spaces.Box}, {"discrete": spaces.Discrete}

ALGORITHMS: Mapping[str, Algorithm] = {
    "ppo": Algorithm(
        PPO,
        _DISCRETE | _BOX,
        {"n_steps": 16, "batch_size": 256, "n_epochs": 4, "gamma": 0.95, "ent_coef": 0.01},
    ),
    "sac": Algorithm(SAC, _BOX, {"buffer_size": 50_000, "learning_starts": 1000, "gradient_steps": 8, "gamma": 0.95}),
    "dqn": Algorithm(
        DQN,
        _DISCRETE,
        {
            "buffer_size": 50_000,
            "learning_starts": 1000,
            "train_freq": 1,
            "gradient_steps": 8,
            "batch_size": 256,
            "gamma": 0.95,
            "target_update_interval": 1000,
        },
    ),
}


def check_actions(name: str, space: spaces.Space, task: str) -> None:
    """Refuse an algorithm that cannot choose actions of a space.

    Raises:
        ValueError: naming what to change.
    """
    algorithm = ALGORITHMS[name]
    if isinstance(space, tuple(algorithm.actions.values())):
        return
    able = [other for other, one in ALGORITHMS.items() if isinstance(space, tuple(one.actions.values()))]
    wanted = " or ".join(f"actions={form!r}" for form in algorithm.actions)
    raise ValueError(
        f"{name!r} cannot choose the actions of the task {task!r}, {space}: use {' or '.join(map(repr, able))}, or "
        f"give the task {wanted}, if it has that option"
    )
