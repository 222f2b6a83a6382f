"""Every id, and every world and task through the id for all of them, held against Gymnasium's rules."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import env_checker
from gymnasium.vector import AutoresetMode, VectorEnv
from PIL import Image
from saccadeworld.envs.registration import ANY, NAMED_ENVIRONMENTS, NamedEnvironment
from saccadeworld.envs.tasks import TASKS
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import WORLDS
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

SMALL: dict[str, dict[str, Any]] = {
    "images": {"count": 3, "size": 48},
    "objects": {"count": 2, "size": 36},
    "augmentations": {"count": 3, "size": 36},
    "stored-views": {"size": 36},
}
FORMS = {"recognition": [{}, {"actions": "discrete"}], "search": [{}, {"actions": "discrete"}]}
EVERYWHERE = [
    pytest.param(world, task, form, id="-".join([world, task, *form.values()]))
    for world in WORLDS
    for task in TASKS
    for form in FORMS.get(task, [{}])
]
NAMED = [pytest.param(named, id=named.id) for named in NAMED_ENVIRONMENTS]
ROWS = 3
LIMIT = 5  # of actions, as many as path integration and homing need


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of a small 3DIEBench: two objects of two classes with eight views of noise each."""
    root, numbers = tmp_path_factory.mktemp("3DIEBench"), np.random.default_rng(0)
    low, high = [-np.pi / 2] * 3 + [0] * 4, [np.pi / 2] * 3 + [1, np.pi / 4, 2 * np.pi, 1]
    objects = ["02691156/aa1", "03001627/bb2"]
    for name in objects:
        (root / name).mkdir(parents=True)
        for k in range(8):
            noise = numbers.integers(0, 256, (36, 36, 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / name / f"image_{k}.jpg")
            np.save(root / name / f"latent_{k}.npy", numbers.uniform(low, high))
    (root / "LICENSE").touch()
    for split in ("train", "val"):
        np.save(root / f"{split}_images.npy", np.array([f"/{name}/" for name in objects]))
        np.save(root / f"{split}_labels.npy", np.array([0, 1]))
    return f"3diebench:{root}"


@pytest.fixture
def options(world: str, stored: str) -> dict[str, Any]:
    """What makes a world by name small."""
    return SMALL[world] | ({"source": stored} if world == "stored-views" else {})


def same(one: Any, other: Any) -> bool:
    """Whether two results of reset or step are equal to the bit."""
    return env_checker.data_equivalence(one, other, exact=True)


class AsNumPy(gym.Wrapper):
    """Tensors of an environment as arrays, for checks that know only these."""

    def __init__(self, env: gym.Env):
        super().__init__(env)
        self.metadata = env.metadata | {"torch": False}

    def reset(self, *, seed=None, options=None):
        observation, info = self.env.reset(seed=seed, options=options)
        return as_arrays(observation), as_arrays(info)

    def step(self, action):
        action = torch.from_numpy(action) if isinstance(action, np.ndarray) else torch.tensor(int(action))
        observation, *rest, info = self.env.step(action)
        return as_arrays(observation), *rest, as_arrays(info)


def as_arrays(batch: dict[str, Any]) -> dict[str, Any]:
    return {key: as_arrays(value) if isinstance(value, dict) else as_array(value) for key, value in batch.items()}


def as_array(value: Any) -> np.ndarray:
    assert isinstance(value, torch.Tensor)
    return value.numpy()


# --- ids -----------------------------------------------------------------------------------------------------------


def test_every_task_has_an_id_in_every_world_that_needs_no_source_but_one():
    known = {(named.world, named.task) for named in NAMED_ENVIRONMENTS}
    built_in = {(world, task) for world in WORLDS if world != "stored-views" for task in TASKS}
    assert built_in - known == {("augmentations", "homing")}
    assert len({named.id for named in NAMED_ENVIRONMENTS}) == len(known) == len(NAMED_ENVIRONMENTS)
    assert "SaccadeWorld/AugmentationsFreeViewing-v0" in gym.registry


@pytest.mark.parametrize("named", NAMED)
def test_an_id_is_short_for_a_world_and_a_task(named: NamedEnvironment):
    options = SMALL[named.world]
    env = gym.make(named.id, **options)
    same_env = gym.make(ANY, world=named.world, task=named.task, max_episode_steps=named.max_episode_steps, **options)
    assert env.unwrapped.world is same_env.unwrapped.world
    assert (env.observation_space, env.action_space) == (same_env.observation_space, same_env.action_space)
    assert env.spec.max_episode_steps == named.max_episode_steps
    assert same(env.reset(seed=1), same_env.reset(seed=1))


@pytest.mark.parametrize("named", NAMED)
def test_every_id_has_a_spec_that_goes_through_json(named: NamedEnvironment):
    env = gym.make(named.id, **SMALL[named.world])
    restored = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert restored.spec.max_episode_steps == named.max_episode_steps
    assert restored.unwrapped.world is env.unwrapped.world
    assert same(restored.reset(seed=1), env.reset(seed=1))
    options = {"num_envs": 2, "autoreset_mode": "SameStep", **SMALL[named.world]}
    vector = gym.make_vec(named.id, **options)
    assert same(gym.make_vec(EnvSpec.from_json(vector.spec.to_json())).reset(seed=1), vector.reset(seed=1))


# --- single environments -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("named", NAMED)
def test_both_checkers_are_content_with_every_id(named: NamedEnvironment):
    env = gym.make(named.id, render_mode="rgb_array", **SMALL[named.world])
    env_checker.check_env(env.unwrapped)
    check_env_of_sb3(env)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(("world", "task", "form"), EVERYWHERE)
def test_both_checkers_are_content_everywhere(world: str, task: str, form: dict, options: dict):
    env = gym.make(ANY, world=world, task=task, **form, **options)
    env_checker.check_env(env.unwrapped, skip_render_check=True)
    check_env_of_sb3(env)


@pytest.mark.parametrize(("world", "task", "form"), EVERYWHERE)
def test_gymnasiums_checker_is_content_with_tensors(
    world: str, task: str, form: dict, options: dict, monkeypatch: pytest.MonkeyPatch
):
    # Gymnasium 1.4 has no wrapper from torch to NumPy (though check_env asks for one), so the check goes through
    # ours, of which it warns; and of nothing else.
    told = []
    monkeypatch.setattr(gym.logger, "warn", lambda message, *_: told.append(message))
    env = AsNumPy(gym.make(ANY, world=world, task=task, output="torch", **form, **options).unwrapped)
    env_checker.check_env(env, skip_render_check=True, skip_close_check=True)
    assert len(told) == 1
    assert "different from the unwrapped version" in told[0]


# --- vectors -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize(("world", "task", "form"), EVERYWHERE)
def test_vectors_keep_the_rules_everywhere(world: str, task: str, form: dict, options: dict, mode: AutoresetMode):
    """Of Gymnasium's checks those that vectors can pass, and what it says of autoreset; tensors equal the arrays."""
    options = {"world": world, "task": task, "max_episode_steps": LIMIT, "autoreset_mode": mode, **form, **options}
    arrays, tensors = (gym.make_vec(ANY, ROWS, output=output, **options) for output in ("numpy", "torch"))
    env_checker.check_reset_seed_determinism(arrays)
    env_checker.check_reset_options(arrays)
    if hasattr(env_checker, "check_returned_data_not_reused"):  # new in Gymnasium 1.3
        env_checker.check_returned_data_not_reused(gym.make_vec(ANY, 1, **options))
    assert arrays.metadata["autoreset_mode"] is tensors.metadata["autoreset_mode"] is mode
    assert same(as_arrays_of(tensors.reset(seed=7)), arrays.reset(seed=7))
    arrays.action_space.seed(0)
    ended = np.zeros(ROWS, dtype=bool)
    begun = 0
    for _ in range(2 * LIMIT):
        if mode == AutoresetMode.DISABLED and ended.any():
            reset = {"reset_mask": ended}
            assert same(as_arrays_of(tensors.reset(options=reset)), arrays.reset(options=reset))
        actions = arrays.action_space.sample()
        result = arrays.step(actions)
        assert same(as_arrays_of(tensors.step(torch.from_numpy(actions))), with_floats(result))
        check_result(arrays, result, mode)
        ended = result[2] | result[3]
        begun += ended.sum()
    assert begun >= ROWS


def as_arrays_of(result: tuple) -> tuple:
    return tuple(as_arrays(part) if isinstance(part, dict) else as_array(part) for part in result)


def with_floats(result: tuple) -> tuple:
    """The result of a step with rewards of float32, which tensors have."""
    return result[0], result[1].astype(np.float32), *result[2:]


def check_result(env: VectorEnv, result: tuple, mode: AutoresetMode) -> None:
    """Shapes, types and spaces of what a vector's step has returned, and what its info tells of which rows."""
    observation, rewards, terminations, truncations, info = result
    assert observation in env.observation_space
    assert (rewards.shape, rewards.dtype) == ((ROWS,), np.float64)
    for flags in (terminations, truncations):
        assert (flags.shape, flags.dtype) == ((ROWS,), np.bool_)
    ended = terminations | truncations
    assert ("final_obs" in info) == ("final_info" in info) == (mode == AutoresetMode.SAME_STEP and ended.any())
    if "final_obs" in info:
        assert info["final_obs"] in env.observation_space
        assert np.array_equal(info["_final_obs"], ended)
        assert np.array_equal(info["_final_info"], ended)
    for key in (key for key in info if key[0] != "_"):
        assert info[f"_{key}"].shape == (ROWS,)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("world", WORLDS)
def test_gymnasiums_own_vectors_show_the_same(world: str, options: dict, mode: str):
    options = {"world": world, "task": "search", **options}
    native, other = gym.make_vec(ANY, 2, **options), gym.make_vec(ANY, 2, vectorization_mode=mode, **options)
    assert isinstance(native, SaccadeWorldVectorEnv)
    try:
        assert same(native.reset(seed=7)[0], other.reset(seed=7)[0])
        native.action_space.seed(0)
        for _ in range(3):
            actions = native.action_space.sample()
            assert same(native.step(actions)[:4], other.step(actions)[:4])
    finally:
        other.close()


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("world", WORLDS)
def test_frames_everywhere_are_of_one_size_and_change(world: str, task: str, options: dict):
    """A video needs frames of one size."""
    env = gym.make(ANY, world=world, task=task, render_mode="rgb_array", **options)
    env.reset(seed=1)
    env.action_space.seed(1)
    frames = [env.render()]
    for _ in range(3):
        action = env.action_space.sample()
        if task == "recognition":
            action[env.unwrapped.world.action_dim] = -1  # look on, without an answer
        env.step(action)
        frames.append(env.render())
    assert len({frame.shape for frame in frames}) == 1
    assert all(frame.dtype == np.uint8 and frame.shape[0] == 384 for frame in frames)
    assert any((frames[0] != frame).any() for frame in frames[1:])


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("world", WORLDS)
def test_videos_are_recorded_everywhere(world: str, options: dict, tmp_path: Path):
    env = gym.make(ANY, world=world, task="homing", movements=1, render_mode="rgb_array", **options)
    env = gym.wrappers.RecordVideo(env, str(tmp_path / "videos"), episode_trigger=lambda _: True)
    for _ in range(2):
        env.reset(seed=0)
        while not env.step(env.action_space.sample())[2]:
            pass
    env.close()
    videos = list(tmp_path.glob("videos/*.mp4"))
    assert len(videos) == 2
    assert all(video.stat().st_size > 1000 for video in videos)
