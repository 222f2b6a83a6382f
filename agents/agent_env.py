"""The environment in which an agent learns, or is evaluated."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.vec_env import VecEnv, VecMonitor

from ..envs.registration import EPISODE_STEPS
from ..envs.tasks import TASKS
from ..envs.vector_env import SaccadeWorldVectorEnv
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from .agent_config import AgentConfig
from .algorithms import ALGORITHMS, check_actions
from .belief import ClassBelief, Evidence
from .encoded_env import EncodedVectorEnv
from .sb3_env import SB3VecEnv
from .stacked_env import StackedVectorEnv


def task_options(config: AgentConfig) -> dict[str, Any]:
    """What a vector environment of an agent's task is made with, beside the world."""
    options: dict[str, Any] = dict(config.task_options)
    if "actions" in TASKS[config.task].option_names():
        options = {"actions": next(iter(ALGORITHMS[config.algorithm].actions))} | options
    steps = EPISODE_STEPS[config.task] if config.max_steps is None else config.max_steps
    return {"task": config.task, "max_episode_steps": steps, **options}


def make_agent_env(
    config: AgentConfig,
    world: World,
    model: SeqJEPA | None,
    rows: int,
    belief: ClassBelief | None = None,
) -> VecEnv:
    """Rows of a task as an agent sees them: through a model, or the last views themselves where there is none.

    Args:
        config: the agent and its task.
        world: where it takes place.
        model: made for this world's actions, or None.
        rows: how many.
        belief: what evidence is measured by, for the reward "evidence".

    Raises:
        TypeError, ValueError: for an algorithm that cannot choose the task's actions, a model made for another world,
            and options that do not exist or do not fit.
    """
    env = SaccadeWorldVectorEnv(rows, world=world, output="torch", autoreset_mode="SameStep", **task_options(config))
    check_actions(config.algorithm, env.single_action_space, config.task)
    if model is None:
        if config.reward == "evidence":
            raise ValueError("reward='evidence' is measured by a model: give one, or reward='task'")
        return VecMonitor(SB3VecEnv(StackedVectorEnv(env, memory=config.memory)))
    bonus = None
    if config.reward == "evidence":
        if belief is None:
            raise ValueError("reward='evidence' needs a belief that was fitted on other scenes")
        bonus = Evidence(belief, world)
    return VecMonitor(SB3VecEnv(EncodedVectorEnv(env, model, memory=config.memory, bonus=bonus)))
