"""What an agent is, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..envs.checks import check_fields, check_name, check_options, check_whole
from ..envs.tasks import TASKS
from .algorithms import ALGORITHMS

Reward = Literal["task", "evidence"]


@dataclass(frozen=True)
class AgentConfig:
    """An agent and the task it learns.

    Attributes:
        task: a name in `envs.tasks.TASKS`.
        algorithm: "ppo", "sac" or "dqn".
        max_steps: actions after which an episode is cut; None for the limit of the task's named environments.
        task_options: of the task, see its class; PPO and DQN choose from a list, where the task offers one and nothing
            else is said.
        memory: views that are looked back at: those that a model aggregates; without a model, those that are stacked.
            At most 1000.
        reward: "task", or "evidence": how much each view adds to a linear classifier's belief in the true class, in
            nats, on top of what the task gives; needs a model.
        network: widths of the hidden layers of policy and value.
        options: of the algorithm, where they are not those in `agents.algorithms`.
        seed: of weights, actions and episodes.

    Raises:
        TypeError, ValueError: for unknown names and values out of range.
    """

    task: str = "recognition"
    algorithm: str = "ppo"
    max_steps: int | None = None
    task_options: Mapping[str, Any] = field(default_factory=dict)
    memory: int = 8
    reward: Reward = "task"
    network: tuple[int, ...] = (64, 64)
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        check_name("task", self.task, TASKS)
        check_name("algorithm", self.algorithm, ALGORITHMS)
        check_options(f"the algorithm {self.algorithm!r}", self.options, ALGORITHMS[self.algorithm].known)
        if self.max_steps is not None:
            check_whole("max_steps", self.max_steps, 1)
        check_whole("memory", self.memory, 1, 1000)
        check_whole("seed", self.seed, 0)
        for width in self.network:
            check_whole("network", width, 1)
