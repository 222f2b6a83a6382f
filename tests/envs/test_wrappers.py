"""Gymnasium's wrappers around the environments."""

from collections.abc import Callable

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector as vector_wrappers
from packaging.version import Version
from saccadeworld.envs.worlds import ImagesWorld, World


def play(env: gym.Env, steps: int = 5) -> tuple:
    """The last result of a few steps, with resets where episodes end."""
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(steps):
        result = env.step(env.action_space.sample())
        if result[2] or result[3]:
            env.reset()
    return result


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(
    "wrap",
    [
        wrappers.FlattenObservation,
        lambda env: wrappers.FrameStackObservation(env, 3),
        lambda env: wrappers.TimeLimit(env, 2),
        lambda env: wrappers.FilterObservation(env, ["glimpse"]),
        lambda env: wrappers.RescaleAction(env, np.float32(0), np.float32(1)),
        wrappers.ClipAction,
        wrappers.RecordEpisodeStatistics,
        wrappers.Autoreset,
        wrappers.OrderEnforcing,
        wrappers.PassiveEnvChecker,
        lambda env: wrappers.NormalizeReward(env),
    ],
)
def test_single_wrappers_run(world: World, wrap: Callable[[gym.Env], gym.Env]):
    env = wrap(gym.make("SaccadeWorld-v0", world=world, max_episode_steps=4))
    observation, *_ = play(env)
    assert observation in env.observation_space


def test_flat_and_stacked_observations_hold_the_glimpses(images_world: ImagesWorld):
    plain, flat, stacked = (gym.make("SaccadeWorld-v0", world=images_world) for _ in range(3))
    flat, stacked = wrappers.FlattenObservation(flat), wrappers.FrameStackObservation(stacked, 2)
    (observation, *_), (vector, *_), (pair, *_) = play(plain), play(flat), play(stacked)
    assert np.array_equal(gym.spaces.flatten(plain.observation_space, observation), vector)
    assert np.array_equal(pair["glimpse"][-1], observation["glimpse"])
    assert pair["step"].tolist() == [[4], [5]]


def test_episode_statistics_are_right(images_world: ImagesWorld, chance: str):
    env = wrappers.RecordEpisodeStatistics(gym.make("SaccadeWorld-v0", world=images_world, task=chance))
    env.reset(seed=2)
    rewards = []
    while True:
        _, reward, ended, truncated, info = env.step(np.zeros(2, np.float32))
        rewards.append(reward)
        if ended or truncated:
            break
    assert info["episode"]["l"] == len(rewards)
    assert info["episode"]["r"] == pytest.approx(sum(rewards))


@pytest.mark.usefixtures("no_warnings")
def test_every_task_goes_through_the_usual_wrappers(searchable: World, form: dict):
    env = gym.make("SaccadeWorld-v0", world=searchable, max_episode_steps=3, render_mode="rgb_array", **form)
    for wrap in (wrappers.RecordEpisodeStatistics, wrappers.FlattenObservation):
        env = wrap(env)
    env = wrappers.FrameStackObservation(env, 2)
    observation, *_ = play(env, 3)
    assert observation in env.observation_space
    assert env.render().dtype == np.uint8


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("mode", AutoresetMode)
def test_every_task_goes_through_the_usual_vector_wrappers(images_world: ImagesWorld, mode: AutoresetMode, form: dict):
    env = gym.make_vec("SaccadeWorld-v0", 3, world=images_world, autoreset_mode=mode, max_episode_steps=3, **form)
    env = statistics = vector_wrappers.RecordEpisodeStatistics(env)
    if mode != AutoresetMode.SAME_STEP:
        env = vector_wrappers.FlattenObservation(env)
    observation, _ = env.reset(seed=0)
    env.action_space.seed(0)
    ended = np.zeros(3, dtype=bool)
    for _ in range(7):
        if mode == AutoresetMode.DISABLED and ended.any():
            env.reset(options={"reset_mask": ended})
        observation, _, terminations, truncations, info = env.step(env.action_space.sample())
        ended = terminations | truncations
        assert ("episode" in info) == ended.any()
    assert observation in env.observation_space
    assert len(statistics.length_queue) >= 3


def test_lists_of_frames_are_collected(images_world: ImagesWorld):
    env = gym.make("SaccadeWorld-v0", world=images_world, render_mode="rgb_array_list")
    play(env, 3)
    assert [frame.shape for frame in env.render()] == [(384, 776, 3)] * 4


ANY_MODE = [
    vector_wrappers.RecordEpisodeStatistics,
    vector_wrappers.ClipAction,
    lambda env: vector_wrappers.RescaleAction(env, np.float32(0), np.float32(1)),
    vector_wrappers.NormalizeReward,
    lambda env: vector_wrappers.ClipReward(env, 0, 0.5),
]
NOT_SAME_STEP = [  # as they take `final_obs` for an array of one object per row; ours is batched
    vector_wrappers.FlattenObservation,
    lambda env: vector_wrappers.FilterObservation(env, ["glimpse"]),
]
COMBINATIONS = [(mode, wrap) for mode in AutoresetMode for wrap in ANY_MODE] + [
    (mode, wrap) for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED) for wrap in NOT_SAME_STEP
]


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(("mode", "wrap"), COMBINATIONS)
def test_vector_wrappers_run(world: World, mode: AutoresetMode, wrap: Callable):
    env = wrap(gym.make_vec("SaccadeWorld-v0", 3, world=world, autoreset_mode=mode, max_episode_steps=3))
    env.reset(seed=0)
    env.action_space.seed(0)
    ended = np.zeros(3, dtype=bool)
    for _ in range(7):
        if mode == AutoresetMode.DISABLED and ended.any():
            env.reset(options={"reset_mask": ended})
        observation, _, terminations, truncations, _ = env.step(env.action_space.sample())
        ended = terminations | truncations
    assert observation in env.observation_space


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_statistics_of_rows_are_those_of_gymnasiums_own_vector(
    images_world: ImagesWorld, mode: AutoresetMode, chance: str
):
    options = {"world": images_world, "task": chance, "max_episode_steps": 4}
    native = gym.make_vec("SaccadeWorld-v0", 3, autoreset_mode=mode, **options)
    sync = gym.make_vec(
        "SaccadeWorld-v0", 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **options
    )
    one, other = map(vector_wrappers.RecordEpisodeStatistics, (native, sync))
    for env in (one, other):
        env.reset(seed=0)
        for _ in range(20):
            env.step(np.zeros((3, 2), np.float32))
    assert len(one.length_queue) > 10
    assert list(one.length_queue) == list(other.length_queue)
    assert list(one.return_queue) == pytest.approx(list(other.return_queue))


@pytest.mark.skipif(
    Version(gym.__version__) < Version("1.3"), reason="its lists had no place for observations of several parts before"
)
def test_the_last_observation_reaches_lists_of_infos(images_world: ImagesWorld):
    env = gym.make_vec("SaccadeWorld-v0", 2, world=images_world, autoreset_mode="SameStep", max_episode_steps=2)
    env = vector_wrappers.DictInfoToList(env)
    env.reset(seed=0)
    env.reset(options={"reset_mask": np.array([False, True])})
    env.step(np.zeros((2, 2)))
    env.reset(options={"reset_mask": np.array([False, True])})
    infos = env.step(np.zeros((2, 2)))[-1]
    assert infos[0]["final_obs"]["step"] == [2]
    assert infos[1] == {}
