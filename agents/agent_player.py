"""Trained agents at work in the task that they learned, in an environment that somebody else keeps."""

from __future__ import annotations

from ..envs.vector_env import SaccadeWorldVectorEnv
from .agent import Agent
from .encoded_env import EncodedVectorEnv
from .stacked_env import StackedVectorEnv


def seen_by(agent: Agent, env: SaccadeWorldVectorEnv) -> EncodedVectorEnv | StackedVectorEnv:
    """An environment as an agent sees it, whose observations `Agent.act` takes; the rewards are the task's own.

    Args:
        agent: which.
        env: of its task, made with `task_options`, for output "torch" and autoreset mode SAME_STEP.
    """
    memory = agent.config.memory
    if agent.model is None:
        return StackedVectorEnv(env, memory=memory, output="torch")
    return EncodedVectorEnv(env, agent.model, memory=memory, output="torch")
