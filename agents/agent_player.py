"""Trained agents at work in the task that they learned, as recordings want them."""

from __future__ import annotations

from ..envs.recordings.chunks import Chunk
from ..envs.recordings.tape import TapedVectorEnv, record_task
from ..envs.worlds import World
from .agent import Agent
from .agent_env import task_options
from .encoded_env import EncodedVectorEnv
from .stacked_env import StackedVectorEnv


def record_agent(agent: Agent, world: World, first: int, count: int, seed: int) -> Chunk:
    """Episodes of an agent's task, in which it does what it thinks best; the rewards are the task's own.

    Args:
        agent: which.
        world: of the kind in which it learned.
        first: the number of the first episode in the recording.
        count: how many episodes.
        seed: of the recording's first episode.
    """
    tape, memory = TapedVectorEnv(count, world=world, **task_options(agent.config)), agent.config.memory
    if agent.model is None:
        seen = StackedVectorEnv(tape, memory=memory, output="torch")
    else:
        seen = EncodedVectorEnv(tape, agent.model, memory=memory, output="torch")
    return record_task(tape, agent.act, first, seed, seen)
