"""The single environment, as users of Gymnasium and stable-baselines3 know one."""

import copy
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from saccadeworld.envs.worlds import ImagesWorld, World
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

SMALL = {"images": {"count": 3}, "objects": {"count": 2, "size": 36}, "augmentations": {"count": 3, "size": 36}}


def make(world: World | str = "images", **options) -> gym.Env:
    return gym.make("SaccadeWorld-v0", world=world, **options)


def assert_same(one, other):
    """Equal observations, or whole results of reset and step."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, tuple):
        for part, other_part in zip(one, other, strict=True):
            assert_same(part, other_part)
    else:
        assert type(one) is type(other)
        assert np.array_equal(one, other)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
@pytest.mark.parametrize("observe_pose", [True, False])
@pytest.mark.parametrize("name", SMALL)
def test_both_checkers_are_content(name: str, observe_pose: bool, render_mode: str | None):
    env = make(name, observe_pose=observe_pose, render_mode=render_mode, **SMALL[name])
    check_env(env.unwrapped)
    check_env_of_sb3(env.unwrapped, warn=True, skip_render_check=render_mode is None)
    check_env_of_sb3(env)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("images", {"subpixel": True}),
        ("images", {"border": "free", "max_saccade": 0.5, "motor_noise": 0.1}),
        ("objects", {"stage": "view"}),
        ("objects", {"latents": "all", "rotations": "inner", "max_rotation": 30}),
        ("augmentations", {"latents": "jitter"}),
        ("augmentations", {"blur": False, "view_size": 40, "target_view": 2}),
    ],
    ids=["between pixels", "motor noise", "moving light", "colours", "jitter", "no blur"],
)
def test_both_checkers_are_content_with_options(name: str, options: dict):
    env = make(name, **SMALL[name], **options)
    check_env(env.unwrapped)
    check_env_of_sb3(env)


@pytest.mark.usefixtures("no_warnings")
def test_it_is_made_by_module_and_id_without_an_import():
    code = """import gymnasium, sys
env = gymnasium.make("saccadeworld:SaccadeWorld-v0", count=2)
env.reset(seed=0)
print(env.step(env.action_space.sample())[0]["step"])"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[1]", "")


def test_spaces_and_first_observation(images_world: ImagesWorld):
    env = make(images_world)
    observation, info = env.reset(seed=3)
    assert info == {}
    assert list(env.observation_space.spaces) == ["fixation", "glimpse", "step"]
    assert env.action_space == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert observation in env.observation_space
    assert observation["step"] == [0]
    assert observation["fixation"].tolist() == [0.5, 0.5]
    scene = images_world.draw_scenes(torch.tensor([3]))
    assert np.array_equal(observation["glimpse"], images_world.views(scene, torch.full((1, 2), 0.5))[0].numpy())


def test_the_pose_can_be_hidden(world: World):
    assert set(make(world, observe_pose=False).reset()[0]) == {"glimpse", "step"}
    assert set(make(world).reset()[0]) == {"glimpse", world.pose_name, "step"}


def test_an_episode_is_that_of_the_world(world: World):
    env = make(world)
    observation, _ = env.reset(seed=11)
    env.action_space.seed(0)
    for step in range(1, 4):
        seeds, scenes = torch.tensor([11]), world.draw_scenes(torch.tensor([11]))
        poses = torch.from_numpy(observation[world.pose_name])[None]
        action = env.action_space.sample()
        observation, reward, terminated, truncated, info = env.step(action)
        aims = world.settle(world.move(poses, torch.from_numpy(action)[None]), scenes, seeds, step)
        moved = world.land(poses, aims, seeds, step)
        assert np.array_equal(observation[world.pose_name], moved[0].numpy())
        assert np.array_equal(observation["glimpse"], world.views(scenes, moved)[0].numpy())
        assert observation["step"] == [step]
        assert (reward, terminated, truncated, info) == (0.0, False, False, {})


def test_seeds_make_episodes_and_later_ones_follow(world: World):
    one, other = make(world), make(world)
    for env in (one, other):
        env.reset(seed=5)
    later = one.reset()
    assert_same(later, other.reset())
    assert_same(one.reset(seed=5), other.reset(seed=5))
    assert_same(one.reset(), later)
    seeds = [one.unwrapped._vector._rows.seeds.item() for _ in range(5) if one.reset()]
    assert len(set(seeds)) == 5


def test_unseeded_environments_differ(images_world: ImagesWorld):
    seeds = []
    for _ in range(4):
        env = make(images_world)
        env.reset()
        seeds.append(env.unwrapped._vector._rows.seeds.item())
    assert len(set(seeds)) == 4


def test_observations_belong_to_their_receiver(world: World):
    spoilt, clean = make(world), make(world)
    action = np.zeros(world.action_dim, np.float32) + 0.25
    for output in (spoilt.reset(seed=1)[0], spoilt.step(action)[0]):
        for value in output.values():
            value[:] = 0
    clean.reset(seed=1)
    clean.step(action)
    assert_same(spoilt.step(action), clean.step(action))


@pytest.mark.parametrize(("options", "limit"), [({}, 20), ({"max_episode_steps": 3}, 3)])
def test_episodes_are_truncated(images_world: ImagesWorld, options: dict, limit: int):
    env = make(images_world, **options)
    env.reset(seed=0)
    ends = [env.step(np.zeros(2, np.float32))[2:4] for _ in range(limit)]
    assert ends == [(False, False)] * (limit - 1) + [(False, True)]


def test_an_episode_can_be_endless(images_world: ImagesWorld):
    env = make(images_world, max_episode_steps=-1)
    env.reset(seed=0)
    assert not any(env.step(np.zeros(2, np.float32))[3] for _ in range(50))


def test_an_episode_that_has_ended_does_not_go_on(images_world: ImagesWorld, chance: str):
    env = make(images_world, task=chance)
    env.reset(seed=0)
    while not env.step(np.zeros(2, np.float32))[2]:
        pass
    with pytest.raises(RuntimeError, match=r"rows \[0\] have ended: reset them"):
        env.step(np.zeros(2, np.float32))
    env.reset()
    env.step(np.zeros(2, np.float32))


def test_tensors_are_those_arrays(world: World):
    arrays, tensors = make(world), make(world, output="torch")
    arrays.action_space.seed(0)
    results = [(arrays.reset(seed=2), tensors.reset(seed=2))]
    for action in [arrays.action_space.sample() for _ in range(3)]:
        results.append((arrays.step(action), tensors.step(torch.from_numpy(action))))
    for (expected, *rest), (observation, *other) in results:
        assert all(isinstance(value, torch.Tensor) for value in observation.values())
        assert_same({key: value.numpy() for key, value in observation.items()}, expected)
        assert rest == other
    assert tensors.unwrapped.metadata["torch"]


def test_an_episode_can_be_left_in_its_middle(searchable: World, form: dict):
    """A reset leaves nothing of the episode before."""
    left, fresh = (make(searchable, **form) for _ in range(2))
    left.reset(seed=8)
    left.action_space.seed(8)
    left.step(left.action_space.sample())
    assert_same(left.reset(seed=9), fresh.reset(seed=9))
    action = left.action_space.sample()
    assert_same(left.step(action), fresh.step(action))


def test_copies_and_pickles_go_on_alike(world: World):
    env = make(world)
    env.reset(seed=4)
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    copied, pickled = copy.deepcopy(env), pickle.loads(pickle.dumps(env))
    assert copied.unwrapped.world is world
    for _ in range(2):
        action = env.action_space.sample()
        result = env.step(action)
        assert_same(copied.step(action), result)
        assert_same(pickled.step(action), result)
    assert_same(copied.reset(), env.reset())


def test_a_spec_goes_through_json():
    env = make(count=2, fovea=16, subpixel=True, max_episode_steps=7)
    restored = EnvSpec.from_json(env.spec.to_json()).make()
    assert restored.spec.max_episode_steps == 7
    assert_same(restored.reset(seed=1), env.reset(seed=1))


# --- rendering -----------------------------------------------------------------------------------------------------


def test_frames_show_the_episode_so_far(images_world: ImagesWorld):
    env = make(images_world, render_mode="rgb_array")
    env.reset(seed=0)
    fixations = [env.step(np.array(a, np.float32))[0]["fixation"] for a in ([0.1, 0.2], [-0.3, 0.1])]
    path = torch.tensor(np.array([[0.5, 0.5], *fixations]))
    assert np.array_equal(env.render(), images_world.frame(int(images_world.draw_scenes(torch.tensor([0]))), path))
    env.reset()
    assert len(env.unwrapped._vector._paths[0]) == 1


def test_frames_need_a_render_mode(images_world: ImagesWorld):
    env = make(images_world)
    env.reset()
    with pytest.raises(RuntimeError, match="render_mode="):
        env.render()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a screen cannot be taken away")
@pytest.mark.usefixtures("no_warnings")
def test_a_window_without_a_screen_is_refused(images_world: ImagesWorld, monkeypatch: pytest.MonkeyPatch):
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ValueError, match="there is no screen here"):
        make(images_world, render_mode="human")
    assert make(images_world).metadata["render_modes"] == ["rgb_array"]


class FakeScreen:
    """What cv2 does, written down."""

    def __init__(self):
        self.told = []

    def imshow(self, title: str, frame: np.ndarray) -> None:
        self.told.append(frame)

    def waitKey(self, pause: int) -> None:
        assert pause == 250

    def destroyWindow(self, title: str) -> None:
        self.told.append("closed")


def test_a_window_shows_every_step_and_closes_once(images_world: ImagesWorld, monkeypatch: pytest.MonkeyPatch):
    screen = FakeScreen()
    monkeypatch.setitem(sys.modules, "cv2", screen)
    monkeypatch.setenv("DISPLAY", ":0")
    env, frames = (make(images_world, render_mode=mode) for mode in ("human", "rgb_array"))
    expected = []
    for shown in (env, frames):
        shown.reset(seed=0)
    expected.append(frames.render())
    for shown in (env, frames):
        shown.step(np.array([0.1, 0.1], np.float32))
    expected.append(frames.render())
    assert env.render() is None
    env.close()
    env.close()
    frames.close()
    assert screen.told[-1] == "closed"
    assert len(screen.told) == 4
    for got, frame in zip(screen.told, [*expected, expected[-1]], strict=False):
        assert np.array_equal(got[..., ::-1], frame)


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        ([0.0, float("nan")], ValueError, r"action \[0\.0, nan\] of row 0: use finite numbers"),
        (np.array([0.0, np.inf]), ValueError, r"action \[0\.0, inf\] of row 0"),
        (np.array([1.01, 0.0], np.float32), ValueError, r"action \[1\.0.*, 0\.0\] of row 0.*\[-1\.0, 1\.0\]"),
        (np.array([1e300, 0.0]), ValueError, r"action \[inf, 0\.0\] of row 0"),
        ([0.0], ValueError, r"the action \[0\.0\] has shape \(1,\); use \(2,\)"),
        (np.zeros((1, 2)), ValueError, r"has shape \(1, 2\); use \(2,\)"),
        (0.5, ValueError, r"the action 0\.5 has shape \(\); use \(2,\)"),
        (None, ValueError, r"the action None has shape \(\); use \(2,\)"),
        (["0.1", "0.2"], TypeError, "actions must be numbers"),
        ([None, None], TypeError, "actions must be numbers, got object"),
        (np.zeros(2, bool), TypeError, "actions must be numbers, got bool"),
        (np.zeros(2, complex), TypeError, "actions must be numbers, got complex128"),
        (torch.zeros(2, dtype=torch.bool), TypeError, r"actions must be real numbers, got torch\.bool"),
        (torch.zeros(2, dtype=torch.complex64), TypeError, r"actions must be real numbers, got torch\.complex64"),
    ],
)
@pytest.mark.usefixtures("no_warnings")
def test_bad_actions_are_named(images_world: ImagesWorld, action, error: type[Exception], message: str):
    env = make(images_world)
    env.reset(seed=0)
    with pytest.raises(error, match=message):
        env.step(action)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(
    "action",
    [
        [0.25, -0.5],
        (0.25, -0.5),
        np.array([0.25, -0.5], np.float64),
        np.array([0.25, -0.5], np.float16),
        np.array([0.25, -0.5, 7], np.float32)[:2],
        np.array([-0.5, 0.25], np.float32)[::-1],
        np.frombuffer(np.array([0.25, -0.5], np.float32).tobytes(), np.float32),
        torch.tensor([0.25, -0.5], requires_grad=True),
    ],
    ids=["list", "tuple", "double", "half", "slice", "reversed", "read-only", "with gradient"],
)
def test_actions_come_in_many_forms(images_world: ImagesWorld, action):
    env = make(images_world)
    env.reset(seed=0)
    assert env.step(action)[0]["fixation"].tolist() == [0.75, 0.0]


def test_a_quaternion_of_no_length_is_refused(objects_world: World):
    env = make(objects_world)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action \[0\.0, 0\.0, 0\.0, 0\.0\] of row 0: a quaternion needs a length"):
        env.step(np.zeros(4, np.float32))


@pytest.mark.filterwarnings("ignore:.*render_mode='ascii'")
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"world": "sounds"}, ValueError, "world='sounds' is not known; use one of 'images', 'objects'"),
        ({"task": "juggling"}, ValueError, "task='juggling' is not known; use one of 'free-viewing', 'path-integr"),
        ({"output": "jax"}, ValueError, "output='jax' is not known; use one of 'numpy', 'torch'"),
        ({"render_mode": "ascii"}, ValueError, "render_mode='ascii' is not known; use one of 'rgb_array', 'human'"),
        (
            {"foo": 3},
            TypeError,
            "the task 'free-viewing' in the world 'images' has no option 'foo'; it takes .*'count'",
        ),
        ({"tolerance": 3}, TypeError, "has no option 'tolerance'; it takes .*'predictor'"),
        ({"fovea": [3]}, TypeError, r"fovea=\[3\] is not a whole number"),
        (
            {"autoreset_mode": "NextStep"},
            TypeError,
            "autoreset_mode='NextStep' is of vector environments: use gymnasium",
        ),
        ({"num_envs": 3}, TypeError, "num_envs=3 is of vector environments: use gymnasium.make_vec"),
        ({"observe_pose": "no"}, TypeError, "observe_pose='no' is neither True nor False"),
    ],
)
def test_bad_options_are_named(options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        gym.make("SaccadeWorld-v0", **{"count": 1, **options})


def test_options_beside_a_world_that_is_made_are_refused(images_world: ImagesWorld):
    with pytest.raises(TypeError, match="in a world that is made already has no option 'fovea'; it takes 'actions'"):
        make(images_world, fovea=20)


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("1", TypeError), ([1], TypeError)])
def test_bad_seeds_are_refused(images_world: ImagesWorld, seed, error: type[Exception]):
    with pytest.raises(error, match=r"seed=.*; use "):
        make(images_world).reset(seed=seed)


def test_a_seed_may_be_a_whole_number_of_numpy(images_world: ImagesWorld):
    env = make(images_world)
    expected = env.reset(seed=3)[0]["glimpse"]
    assert np.array_equal(env.reset(seed=np.int64(3))[0]["glimpse"], expected)  # pyright: ignore[reportArgumentType]


def test_reset_options_are_refused(images_world: ImagesWorld):
    with pytest.raises(TypeError, match=r"reset\(\) has no option 'reset_mask'; it takes none"):
        make(images_world).reset(options={"reset_mask": np.array([True])})


def test_nothing_happens_before_the_first_reset(images_world: ImagesWorld):
    env = make(images_world, render_mode="rgb_array").unwrapped
    for act in (env.render, lambda: env.step(np.zeros(2, np.float32))):
        with pytest.raises(RuntimeError, match=r"no episode yet: call reset\(\) first"):
            act()
