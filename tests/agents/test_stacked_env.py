import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.agents.stacked_env import StackedVectorEnv
from saccadeworld.envs.worlds import ImagesWorld, World

ROWS = 4


def make(world: World, **options) -> gym.vector.VectorEnv:
    return gym.make_vec("SaccadeWorld-v0", ROWS, world=world, output="torch", autoreset_mode="SameStep", **options)


def test_views_and_actions_are_those_of_the_running_episode(images_world: ImagesWorld):
    plain, env = (make(images_world, max_episode_steps=3) for _ in range(2))
    stacked = StackedVectorEnv(env, memory=3)
    view = plain.reset(seed=0)[0]["glimpse"].numpy()
    views, sent = [[np.zeros_like(view)] * 2 + [view]], [[np.zeros((ROWS, 2))] * 2]
    observation = stacked.reset(seed=0)[0]
    plain.action_space.seed(0)
    for step in range(1, 8):
        assert stacked.observation_space.contains(observation)
        np.testing.assert_array_equal(observation["glimpse"], np.stack(views[-1], axis=1))
        np.testing.assert_allclose(observation["sent"], np.stack(sent[-1], axis=1), atol=1e-6)
        actions = plain.action_space.sample()
        command = plain.task.commands(plain.rows, torch.from_numpy(actions)).numpy()
        seen, _, _, _, info = plain.step(actions)
        observation, *_, final = stacked.step(actions)
        if step % 3 == 0:
            last = [*views[-1][1:], info["final_obs"]["glimpse"].numpy()]
            np.testing.assert_array_equal(final["final_obs"]["glimpse"], np.stack(last, axis=1))
            views.append([np.zeros_like(view)] * 2 + [seen["glimpse"].numpy()])
            sent.append([np.zeros((ROWS, 2))] * 2)
        else:
            views.append([*views[-1][1:], seen["glimpse"].numpy()])
            sent.append([*sent[-1][1:], command])


def test_one_view_needs_no_actions_and_goals_stay(images_world: ImagesWorld):
    env = StackedVectorEnv(make(images_world, task="search"), memory=1)
    plain = make(images_world, task="search")
    observation, expected = env.reset(seed=0)[0], plain.reset(seed=0)[0]
    assert set(observation) == set(expected)
    for key, value in expected.items():
        shown = observation[key][:, 0] if key in ("glimpse", "goal") else observation[key]
        np.testing.assert_array_equal(shown, value.numpy())
    assert env.observation_space.contains(observation)


@pytest.mark.parametrize("memory", [1, 2])
def test_a_world_of_any_kind(world: World, memory: int):
    env = StackedVectorEnv(make(world, max_episode_steps=2), memory=memory)
    env.reset(seed=0)
    for _ in range(3):
        assert env.observation_space.contains(env.step(env.action_space.sample())[0])
