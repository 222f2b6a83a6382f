"""Agents of stable-baselines3 run on the tasks as they are."""

import gymnasium as gym
import pytest
import torch
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.evaluation import evaluate_policy

IDS = ["SaccadeWorld/Recognition-v0", "SaccadeWorld/Search-v0"]

pytestmark = pytest.mark.usefixtures("one_thread")


def small(env: gym.Env) -> gym.Env:
    """Without the views, whose network takes more time than all the rest."""
    views = [key for key, space in env.observation_space.spaces.items() if len(space.shape) == 3]
    return gym.wrappers.FilterObservation(env, [key for key in env.observation_space.spaces if key not in views])


@pytest.mark.parametrize("actions", ["box", "discrete"])
@pytest.mark.parametrize("name", IDS)
def test_ppo_learns_from_dictionaries(name: str, actions: str):
    env = gym.make(name, count=3, actions=actions)
    agent = PPO("MultiInputPolicy", env, n_steps=8, batch_size=8, n_epochs=1, seed=0)
    before = [parameter.clone() for parameter in agent.policy.parameters()]
    agent.learn(16)
    assert any(not torch.equal(*pair) for pair in zip(before, agent.policy.parameters(), strict=True))
    assert all(parameter.isfinite().all() for parameter in agent.policy.parameters())
    evaluate_policy(agent, agent.get_env(), n_eval_episodes=1)


@pytest.mark.parametrize("name", IDS)
def test_dqn_learns_from_choices(name: str):
    env = small(gym.make(name, count=3, actions="discrete"))
    DQN("MultiInputPolicy", env, learning_starts=4, buffer_size=50, seed=0).learn(12)
