"""The native vector environment: held against single environments, row by row, and against Gymnasium's own vectors."""

import copy
import pickle
import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, VectorEnv
from saccadeworld.envs.frames import tile
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import ImagesWorld, World

MODES = list(AutoresetMode)
ROWS = 4


def make(world: World | str, num_envs: int = ROWS, **options: Any) -> VectorEnv:
    return gym.make_vec("SaccadeWorld-v0", num_envs, world=world, **options)


def assert_same(one: dict[str, Any], other: dict[str, Any]):
    assert one.keys() == other.keys()
    for key in one:
        assert np.array_equal(one[key], other[key]), key
        assert getattr(one[key], "dtype", type(one[key])) == getattr(other[key], "dtype", type(other[key])), key


def row_of(observation: dict[str, Any], row: int) -> dict[str, Any]:
    return {key: value[row] for key, value in observation.items()}


def random_actions(env: VectorEnv, count: int) -> np.ndarray:
    env.action_space.seed(1)
    return np.stack([env.action_space.sample() for _ in range(count)])


def info_of(info: dict[str, Any], row: int) -> dict[str, Any]:
    """What a vector info tells of a row, as a single environment puts it."""
    present = {key: value[row] for key, value in info.items() if key[0] != "_" and info[f"_{key}"][row]}
    return {key: value.item() if value.ndim == 0 else value for key, value in present.items()}


def split(info: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An info without, and with only, what it tells of episodes that have just ended."""
    final = {key: value for key, value in info.items() if key.lstrip("_") in ("final_obs", "final_info")}
    return {key: value for key, value in info.items() if key not in final}, final


@pytest.mark.parametrize("mode", MODES)
def test_rows_equal_single_environments_in_every_mode(images_world: ImagesWorld, mode: AutoresetMode, form: dict):
    assert_rows_equal_single_environments(images_world, mode, form)


def test_rows_equal_single_environments_in_every_world(searchable: World, form: dict):
    assert_rows_equal_single_environments(searchable, AutoresetMode.NEXT_STEP, form)


def assert_rows_equal_single_environments(world: World, mode: AutoresetMode, form: dict):
    """Over several episodes of every row: observations, rewards, ends and infos, bit for bit."""
    env = make(world, autoreset_mode=mode, max_episode_steps=3, **form)
    singles = [gym.make("SaccadeWorld-v0", world=world, max_episode_steps=3, **form) for _ in range(ROWS)]
    observation, info = env.reset(seed=50)
    for row, single in enumerate(singles):
        expected = single.reset(seed=50 + row)
        assert_same(row_of(observation, row), expected[0])
        assert_same(info_of(info, row), expected[1])
    ended = np.zeros(ROWS, dtype=bool)
    episodes = 0
    for step, actions in enumerate(random_actions(env, 9)):
        if mode == AutoresetMode.DISABLED and (ended.any() or step == 2):
            mask = ended | (np.arange(ROWS) == 1)  # row 1 in the middle of its episode too
            observation, info = env.reset(options={"reset_mask": mask})
            for row in np.flatnonzero(mask):
                expected = singles[row].reset()
                assert_same(row_of(observation, row), expected[0])
                assert_same(info_of(info, row), expected[1])
            ended &= ~mask
        observation, rewards, terminations, truncations, info = env.step(actions)
        info, final = split(info)
        assert rewards.dtype == np.float64
        for row, single in enumerate(singles):
            if mode == AutoresetMode.NEXT_STEP and ended[row]:
                expected, told = single.reset()
                reward, terminated, truncated = 0.0, False, False
            else:
                expected, reward, terminated, truncated, told = single.step(actions[row])
            assert (rewards[row], terminations[row], truncations[row]) == (reward, terminated, truncated)
            if mode == AutoresetMode.SAME_STEP and (terminated or truncated):
                assert final["_final_obs"][row]
                assert_same(row_of(final["final_obs"], row), expected)
                assert final["_final_info"][row]
                assert_same(info_of(final["final_info"], row), told)
                expected, told = single.reset()
            assert_same(row_of(observation, row), expected)
            assert_same(info_of(info, row), told)
        ended = terminations | truncations
        episodes += ended.sum()
        assert ("final_obs" in final) == ("final_info" in final) == (mode == AutoresetMode.SAME_STEP and ended.any())
    assert episodes >= 2 * ROWS


@pytest.mark.parametrize("mode", MODES)
def test_modes_go_by_value_too(images_world: ImagesWorld, mode: AutoresetMode):
    env = make(images_world, autoreset_mode=mode.value)
    assert env.metadata["autoreset_mode"] is mode


def assert_same_info(one: dict[str, Any], other: dict[str, Any]):
    """Equal vector infos where their masks are true; Gymnasium's own keep one object per row of a last observation."""
    assert one.keys() == other.keys()
    for key in (key for key in one if key[0] != "_"):
        mask = one[f"_{key}"]
        assert np.array_equal(mask, other[f"_{key}"])
        if key == "final_info":
            assert_same_info(one[key], other[key])
            continue
        for row in np.flatnonzero(mask):
            if key == "final_obs":
                assert_same(row_of(one[key], row), other[key][row])
            else:
                assert np.array_equal(one[key][row], other[key][row])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_it_equals_gymnasiums_own_vector(images_world: ImagesWorld, mode: AutoresetMode, form: dict):
    native = make(images_world, autoreset_mode=mode, max_episode_steps=4, **form)
    sync = make(
        images_world, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, max_episode_steps=4, **form
    )
    assert native.single_observation_space == sync.single_observation_space
    assert native.observation_space == sync.observation_space
    assert native.action_space == sync.action_space
    (one, info), (other, other_info) = native.reset(seed=7), sync.reset(seed=7)
    assert_same(one, other)
    assert_same_info(info, other_info)
    for actions in random_actions(native, 10):
        *one, info = native.step(actions)
        *other, other_info = sync.step(actions)
        assert_same(one[0], other[0])
        for part, other_part in zip(one[1:], other[1:], strict=True):
            assert np.array_equal(part, other_part)
        assert_same_info(info, other_info)


def test_rows_do_not_depend_on_their_number(searchable: World, form: dict):
    many, few = (make(searchable, rows, max_episode_steps=3, **form) for rows in (9, 2))
    actions = random_actions(many, 3)
    assert_same(row_of(many.reset(seed=0)[0], slice(5, 7)), few.reset(seed=5)[0])
    for action in actions:
        assert_same(row_of(many.step(action)[0], slice(5, 7)), few.step(action[5:7])[0])


def assert_same_tensors(arrays: dict[str, Any], tensors: dict[str, Any]):
    assert arrays.keys() == tensors.keys()
    for key, value in arrays.items():
        if isinstance(value, dict):
            assert_same_tensors(value, tensors[key])
        else:
            assert isinstance(tensors[key], torch.Tensor)
            assert_same({key: value}, {key: tensors[key].numpy()})


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_tensors_are_those_arrays(images_world: ImagesWorld, mode: AutoresetMode, form: dict):
    options = {"autoreset_mode": mode, "max_episode_steps": 3, **form}
    arrays, tensors = make(images_world, **options), make(images_world, output="torch", **options)
    one, other = arrays.reset(seed=1)[0], tensors.reset(seed=1)[0]
    for actions in random_actions(arrays, 6):
        for key, value in other.items():
            assert isinstance(value, torch.Tensor)
            assert np.array_equal(value.numpy(), one[key])
        one, rewards, *ends, info = arrays.step(actions)
        other, tensor_rewards, *tensor_ends, tensor_info = tensors.step(torch.from_numpy(actions))
        assert np.array_equal(tensor_rewards.numpy(), rewards.astype(np.float32))
        for end, tensor_end in zip(ends, tensor_ends, strict=True):
            assert np.array_equal(tensor_end.numpy(), end)
        assert_same_tensors(info, tensor_info)


def test_observations_are_in_their_space(images_world: ImagesWorld, form: dict):
    env = make(images_world, **form)
    assert env.reset(seed=0)[0] in env.observation_space
    for actions in random_actions(env, 3):
        assert env.step(actions)[0] in env.observation_space


def test_seeds_can_be_given_row_by_row(world: World):
    env, other = make(world, 3), make(world, 3)
    observation = env.reset(seed=[9, 4, None])[0]
    assert_same(row_of(observation, 0), row_of(other.reset(seed=9)[0], 0))
    assert_same(row_of(observation, 1), row_of(other.reset(seed=3)[0], 1))
    assert_same(env.reset(seed=[9, 4, 2])[0], env.reset(seed=np.array([9, 4, 2]))[0])


def test_without_a_seed_a_row_goes_on_to_its_next_episode(world: World):
    env, other = make(world), make(world)
    env.reset(seed=3)
    other.reset(seed=3)
    mask = np.array([True, False, False, True])
    before = env.reset(options={"reset_mask": mask})[0]
    expected = other.reset()[0]
    for row in (0, 3):
        assert_same(row_of(before, row), row_of(expected, row))
    other.reset(seed=3)
    for row in (1, 2):
        assert_same(row_of(before, row), row_of(other.reset(seed=3)[0], row))


def test_a_mask_and_a_seed_restart_some_rows(world: World):
    env, fresh = make(world), make(world)
    env.reset(seed=3)
    moved = env.step(random_actions(env, 1)[0])[0]
    mask = np.array([False, True, False, False])
    expected = fresh.reset(seed=20)[0]
    for kind in (mask, mask.tolist(), torch.from_numpy(mask)):
        observation = env.reset(seed=20, options={"reset_mask": kind})[0]
        assert_same(row_of(observation, 1), row_of(expected, 1))
        for row in (0, 2, 3):
            assert_same(row_of(observation, row), row_of(moved, row))


def test_observations_and_infos_belong_to_their_receiver(images_world: ImagesWorld, form: dict):
    spoilt, clean = (make(images_world, output="torch", max_episode_steps=3, **form) for _ in range(2))
    actions = torch.from_numpy(random_actions(spoilt, 2))
    for observation, *_, info in (spoilt.reset(seed=1), spoilt.step(actions[0])):
        for value in (*observation.values(), *info.values()):
            value.zero_()
    clean.reset(seed=1)
    clean.step(actions[0])
    assert_same(spoilt.step(actions[1])[0], clean.step(actions[1])[0])


@pytest.mark.parametrize(("options", "limit"), [({}, 20), ({"max_episode_steps": 2}, 2)])
def test_episodes_are_truncated(images_world: ImagesWorld, options: dict, limit: int):
    env = make(images_world, **options)
    env.reset(seed=0)
    truncations = [env.step(np.zeros((ROWS, 2)))[3].all() for _ in range(limit)]
    assert truncations == [False] * (limit - 1) + [True]


@pytest.mark.parametrize("endless", [None, -1])
def test_an_episode_can_be_endless(images_world: ImagesWorld, endless: int | None):
    env = make(images_world, max_episode_steps=endless)
    env.reset(seed=0)
    assert not any(env.step(np.zeros((ROWS, 2)))[3].any() for _ in range(50))


def test_rows_that_have_ended_wait_for_a_reset_when_autoreset_is_off(images_world: ImagesWorld):
    env = make(images_world, max_episode_steps=1, autoreset_mode="Disabled")
    env.reset(seed=0)
    env.step(np.zeros((ROWS, 2)))
    env.reset(options={"reset_mask": np.array([True, False, True, False])})
    with pytest.raises(RuntimeError, match=r"rows \[1, 3\] have ended: reset them"):
        env.step(np.zeros((ROWS, 2)))


def test_copies_and_pickles_go_on_alike(images_world: ImagesWorld, form: dict):
    env = make(images_world, max_episode_steps=3, **form)
    actions = random_actions(env, 6)
    env.reset(seed=4)
    env.step(actions[0])
    copied, pickled = copy.deepcopy(env), pickle.loads(pickle.dumps(env))
    assert copied.world is images_world
    assert pickled.task.world is pickled.world
    for action in actions[1:]:
        observation = env.step(action)[0]
        assert_same(copied.step(action)[0], observation)
        assert_same(pickled.step(action)[0], observation)


def test_environments_of_the_same_options_share_their_world():
    one, other = (make("images", 2, count=2, fovea=16) for _ in range(2))
    assert one.world is other.world
    assert make("images", 2, count=2, fovea=17).world is not one.world


def test_a_spec_goes_through_json():
    env = make("images", 3, count=2, fovea=16, autoreset_mode="SameStep", max_episode_steps=7)
    restored = gym.make_vec(EnvSpec.from_json(env.spec.to_json()))
    assert (restored.num_envs, restored.max_episode_steps) == (3, 7)
    assert restored.autoreset_mode is AutoresetMode.SAME_STEP
    assert_same(restored.reset(seed=1)[0], env.reset(seed=1)[0])


# --- rendering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_frames_show_every_rows_episode_so_far(world: World, mode: str):
    options = {"max_episode_steps": 2, "render_mode": "rgb_array"}
    env = make(world, 2, autoreset_mode=mode, **options)
    singles = [gym.make("SaccadeWorld-v0", world=world, **options) for _ in range(2)]
    env.reset(seed=0)
    for row, single in enumerate(singles):
        single.reset(seed=row)
    for step, actions in enumerate(random_actions(env, 5)):
        env.step(actions)
        for row, single in enumerate(singles):
            if (mode == "NextStep" and step == 2) or (single.step(actions[row])[3] and mode == "SameStep"):
                single.reset()
            assert np.array_equal(env.render()[row], single.render())


def test_a_window_shows_all_rows(images_world: ImagesWorld, monkeypatch: pytest.MonkeyPatch):
    shown = []
    screen = type(sys)("cv2")
    screen.imshow = lambda title, frame: shown.append(frame)
    screen.waitKey = screen.destroyWindow = lambda _: None
    monkeypatch.setitem(sys.modules, "cv2", screen)
    monkeypatch.setenv("DISPLAY", ":0")
    human, frames = (make(images_world, 3, render_mode=mode) for mode in ("human", "rgb_array"))
    human.reset(seed=0)
    frames.reset(seed=0)
    assert np.array_equal(shown[0][..., ::-1], tile(frames.render()))
    human.close()
    assert human.closed


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make_bad", "message"),
    [
        (lambda a: a[:3], r"actions have shape \(3, 2\); use \(4, 2\)"),
        (lambda a: a[:, :1], r"actions have shape \(4, 1\); use \(4, 2\)"),
        (lambda a: a[0], r"actions have shape \(2,\); use \(4, 2\)"),
        (
            lambda a: np.where(np.arange(4)[:, None] == 2, np.nan, a),
            r"action \[nan, nan\] of row 2: use finite numbers",
        ),
        (lambda a: a + np.array([[0], [0], [0], [1.5]]), r"action \[1\.5, 1\.5\] of row 3: use finite numbers"),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor, np.ndarray.tolist])
def test_bad_actions_are_named(images_world: ImagesWorld, make_bad, message: str, kind):
    env = make(images_world)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(kind(make_bad(np.zeros((ROWS, 2)))))


def test_actions_without_values_are_refused(images_world: ImagesWorld):
    env = make(images_world)
    env.reset(seed=0)
    with pytest.raises(TypeError, match="actions on the device 'meta' have no values: give them on 'cpu'"):
        env.step(torch.zeros(ROWS, 2, device="meta"))


def test_a_refused_action_leaves_the_episode_as_it_was(world: World):
    env, other = make(world), make(world)
    actions = random_actions(env, 1)[0]
    for each in (env, other):
        each.reset(seed=0)
    with pytest.raises(ValueError, match="of row 0"):
        env.step(np.full_like(actions, np.nan))
    assert_same(env.step(actions)[0], other.step(actions)[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_envs": 0}, ValueError, "num_envs=0 is out of range; use at least 1"),
        ({"num_envs": 2.0}, TypeError, "num_envs=2.0 is not a whole number"),
        ({"max_episode_steps": 0}, ValueError, "max_episode_steps=0 is out of range"),
        ({"autoreset_mode": "never"}, ValueError, "autoreset_mode='never' is not known; use one of 'NextStep'"),
        ({"autoreset_mode": None}, ValueError, "autoreset_mode=None is not known"),
        ({"foo": 1}, TypeError, "a world that is made already has no option 'foo'"),
    ],
)
def test_bad_options_are_named(images_world: ImagesWorld, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        SaccadeWorldVectorEnv(world=images_world, **options)


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed=-1 is out of range"),
        (2**63 - 1, ValueError, "seed=9223372036854775807 is out of range"),
        (1.5, TypeError, "seed=1.5 is not a whole number"),
        ([1, 2], ValueError, r"seed=\[1, 2\]: give one seed, or 4 of them"),
        ([1, 2, -3, 4], ValueError, r"seed\[2\]=-3 is out of range"),
        ([1, 2, 3, "x"], TypeError, r"seed\[3\]='x' is not a whole number"),
        (np.array(3), TypeError, r"seed=array\(3\) is an array of no dimension; give an int, or a sequence"),
    ],
)
def test_bad_seeds_are_named(images_world: ImagesWorld, seed, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(images_world).reset(seed=seed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reset_mask": np.zeros(ROWS, bool)}, "at least one True"),
        ({"reset_mask": np.ones(3, bool)}, r"reset_mask must be \(4,\) bool"),
        ({"reset_mask": np.ones(ROWS)}, r"reset_mask must be \(4,\) bool"),
        ({"scene": 3}, r"reset options \['scene'\] are not known; the only one is 'reset_mask'"),
    ],
)
def test_bad_reset_options_are_named(images_world: ImagesWorld, options: dict, message: str):
    env = make(images_world)
    env.reset()
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)


def test_the_first_reset_is_of_all_rows(images_world: ImagesWorld):
    with pytest.raises(ValueError, match="the first reset is of all rows"):
        make(images_world).reset(options={"reset_mask": np.array([True, False, True, True])})
