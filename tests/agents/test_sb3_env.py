"""The vector environment for stable-baselines3: held against its own one over single environments."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.sb3_env import SB3VecEnv
from saccadeworld.envs.worlds import ImagesWorld, World
from saccadeworld.seqjepa import SeqJEPA
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

ROWS = 3
FORMS: dict[str, dict[str, Any]] = {
    "free viewing": {"task": "free-viewing", "max_episode_steps": 2},
    "recognition": {"task": "recognition", "actions": "discrete", "max_episode_steps": 3},
    "search": {"task": "search", "max_episode_steps": 3},
    "journey": {"task": "path-integration", "movements": 2},
    "homing": {"task": "homing", "movements": 1},
}

pytestmark = pytest.mark.usefixtures("one_thread")


def native(world: World, rows: int = ROWS, **options: Any) -> SB3VecEnv:
    options = {"autoreset_mode": AutoresetMode.SAME_STEP} | options
    return SB3VecEnv(gym.make_vec("SaccadeWorld-v0", rows, world=world, **options))


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        if isinstance(value, dict):
            assert_same(value, other[key])
        else:
            np.testing.assert_array_equal(value, other[key], err_msg=key)


@pytest.mark.parametrize("form", FORMS)
def test_it_equals_single_environments(images_world: ImagesWorld, form: str):
    options = FORMS[form]
    limit = {"max_episode_steps": None} | options
    single = DummyVecEnv([lambda: gym.make("SaccadeWorld-v0", world=images_world, **limit)] * ROWS)
    rows = native(images_world, **limit)
    assert rows.observation_space == single.observation_space
    assert rows.action_space == single.action_space
    rows.seed(7)
    single.seed(7)
    assert_same(rows.reset(), single.reset())
    for one, other in zip(rows.reset_infos, single.reset_infos, strict=True):
        assert_same(one, other)
    rows.action_space.seed(0)
    for _ in range(8):
        actions = np.stack([rows.action_space.sample() for _ in range(ROWS)])
        observation, rewards, dones, infos = rows.step(actions)
        expected, expected_rewards, expected_dones, expected_infos = single.step(actions)
        assert_same(observation, expected)
        np.testing.assert_allclose(rewards, expected_rewards, atol=1e-6)
        assert rewards.dtype == expected_rewards.dtype
        np.testing.assert_array_equal(dones, expected_dones)
        for row, done in enumerate(dones):
            assert_same(infos[row], expected_infos[row] if done else {})
            assert_same(rows.reset_infos[row], single.reset_infos[row])


def test_nothing_is_done_row_by_row_until_an_episode_ends(images_world: ImagesWorld):
    rows = native(images_world, 64, max_episode_steps=3)
    rows.reset()
    for step in range(1, 7):
        infos = rows.step(np.zeros((64, 2), np.float32))[3]
        assert all(bool(info) == (step % 3 == 0) for info in infos)
        infos[0]["mine"] = True  # who gets an info may write into it
    assert len({id(info) for info in infos}) == 64


def test_attributes_and_methods_are_those_of_the_whole(images_world: ImagesWorld):
    rows = native(images_world, render_mode="rgb_array")
    assert rows.get_attr("world") == [images_world] * ROWS
    assert rows.get_attr("world", indices=[0, 2]) == [images_world] * 2
    rows.reset()
    assert len(rows.get_images()) == ROWS
    assert len(rows.env_method("render")) == ROWS
    assert rows.env_is_wrapped(gym.Wrapper) == [False] * ROWS
    rows.set_attr("note", 3)
    assert rows.get_attr("note") == [3] * ROWS
    with pytest.raises(ValueError, match=r"rows 0 alone"):
        rows.set_attr("note", 3, indices=0)
    rows.close()


def test_what_does_not_fit_is_told(images_world: ImagesWorld):
    with pytest.raises(ValueError, match="autoreset_mode='SameStep'"):
        native(images_world, autoreset_mode="NextStep")
    with pytest.raises(ValueError, match="output='numpy'"):
        native(images_world, output="torch")
    rows = native(images_world)
    rows.set_options({"start": 3})
    with pytest.raises(ValueError, match=r"options of reset are not known here: \{'start': 3\}"):
        rows.reset()
    rows.reset()
    with pytest.raises(TypeError, match=r"is no vector environment: make one by gym\.make_vec"):
        SB3VecEnv(gym.make("SaccadeWorld-v0", world=images_world))  # pyright: ignore[reportArgumentType]


def encoded(world: World, model: SeqJEPA, **options: Any) -> SB3VecEnv:
    env = gym.make_vec("SaccadeWorld-v0", ROWS, world=world, output="torch", autoreset_mode="SameStep", **options)
    return SB3VecEnv(EncodedVectorEnv(env, model))


@pytest.mark.parametrize(
    ("algorithm", "options", "form"),
    [
        (PPO, {"n_steps": 4, "batch_size": 12, "n_epochs": 1}, "recognition"),
        (PPO, {"n_steps": 4, "batch_size": 12, "n_epochs": 1}, "search"),
        (DQN, {"learning_starts": 4, "buffer_size": 50}, "recognition"),
        (SAC, {"learning_starts": 4, "buffer_size": 50, "batch_size": 8}, "journey"),
    ],
)
def test_agents_learn_from_embeddings(
    images_world: ImagesWorld, images_model: SeqJEPA, algorithm: Any, options: dict, form: str
):
    env = VecMonitor(encoded(images_world, images_model, **FORMS[form]))
    agent = algorithm("MultiInputPolicy", env, seed=0, device="cpu", **options)
    before = [parameter.clone() for parameter in agent.policy.parameters()]
    agent.learn(24)
    assert any((one != other).any() for one, other in zip(before, agent.policy.parameters(), strict=True))
    assert all(parameter.isfinite().all() for parameter in agent.policy.parameters())
    assert len(agent.ep_info_buffer) > 0
    evaluate_policy(agent, env, n_eval_episodes=3)


def test_values_are_carried_over_the_end_of_truncated_episodes_alone(
    images_world: ImagesWorld, images_model: SeqJEPA, monkeypatch: pytest.MonkeyPatch
):
    """PPO adds the discounted value of the last observation where an episode was cut, and nowhere else."""

    def ended(form: str) -> list[dict]:
        asked: list[dict] = []
        env = encoded(images_world, images_model, **FORMS[form])
        agent = PPO("MultiInputPolicy", env, n_steps=6, batch_size=18, n_epochs=1, seed=0, device="cpu")
        value: Callable = agent.policy.predict_values
        monkeypatch.setattr(agent.policy, "predict_values", lambda obs: asked.append(obs) or value(obs))
        agent.learn(18)
        return asked

    assert len(ended("free viewing")) == 1 + 3 * ROWS  # of the rollout's end, and three cuts in every row
    assert len(ended("journey")) == 1
