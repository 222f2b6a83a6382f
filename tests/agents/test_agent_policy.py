"""Agents as policies: they move as they do in their environments."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.agents.agent_env import make_agent_env
from saccadeworld.agents.agent_policy import AgentPolicy
from saccadeworld.envs.worlds import ImagesWorld, World
from saccadeworld.seqjepa import SeqJEPA
from stable_baselines3.common.vec_env import VecEnv

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:You have specified a mini-batch size"),  # of little rollouts
]
ROWS = 6
FREE = {"task": "free-viewing", "memory": 3, "max_steps": 5}


def make(world: World, model: SeqJEPA | None, algorithm: str = "ppo", **options: Any) -> Agent:
    torch.manual_seed(0)
    return Agent.make(AgentConfig(**{"algorithm": algorithm, "network": (8,), **FREE, **options}), world, model, 2)


def poses_in(env: VecEnv, agent: Agent, steps: int) -> torch.Tensor:
    """(ROWS, steps + 1, P), of the agent's greedy actions in its own environment."""
    env.seed(0)
    observation = env.reset()
    native = env.unwrapped.env.base
    poses = [native.rows.poses]
    for _ in range(steps):
        observation, *_ = env.step(agent.learner.predict(observation, deterministic=True)[0])
        poses.append(native.rows.poses)
    return torch.stack(poses, dim=1)


@pytest.mark.parametrize("memory", [1, 3, 8])
@pytest.mark.parametrize("sees", ["embeddings", "views"])
@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_it_moves_as_in_its_environment(
    images_world: ImagesWorld, images_model: SeqJEPA, algorithm: str, sees: str, memory: int
):
    model = images_model if sees == "embeddings" else None
    agent = make(images_world, model, algorithm, memory=memory)
    env = make_agent_env(agent.config, images_world, model, ROWS)
    rollout = images_world.rollout(ROWS, 5, AgentPolicy(agent), seed=0)
    torch.testing.assert_close(rollout.poses, poses_in(env, agent, 4), rtol=1e-4, atol=1e-4)


def test_it_moves_about_any_world(world: World, model_for: Callable[..., SeqJEPA]):
    agent = make(world, model_for(world))
    rollout = world.rollout(ROWS, 3, AgentPolicy(agent))
    assert rollout.views.shape == (ROWS, 3, *world.view_shape)
    assert rollout.actions.isfinite().all()
    again = world.rollout(2, 3, AgentPolicy(agent), seed=3)
    torch.testing.assert_close(rollout.poses[3:5], again.poses, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_of_movements_and_answers_it_takes_the_best_movement(
    images_world: ImagesWorld, images_model: SeqJEPA, algorithm: str
):
    agent = make(images_world, images_model, algorithm, task="recognition")
    policy = AgentPolicy(agent)
    net = agent.learner.policy.action_net if algorithm == "ppo" else agent.learner.policy.q_net.q_net[-1]
    with torch.no_grad():
        net.weight.zero_()
        net.bias.copy_(torch.arange(28.0))  # answers before movements, and of these the last before all others
    rollout = images_world.rollout(ROWS, 2, policy)
    last = images_world.choices(rollout.poses[:, 0])[:, 24]
    torch.testing.assert_close(rollout.actions[:, 0], last)


def test_what_cannot_be_a_policy_is_told(images_world: ImagesWorld, images_model: SeqJEPA):
    searching = AgentPolicy(make(images_world, images_model, task="search"))
    with pytest.raises(ValueError, match=r"trained on 'search', which tells it \['goal_z'\]"):
        images_world.rollout(2, 2, searching)
