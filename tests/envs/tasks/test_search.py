import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.tasks import make_task
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from scipy.spatial.transform import Rotation


def make(world: World, **options) -> gym.Env:
    return gym.make("SaccadeWorld-v0", world=world, task="search", **options)


def goal(env: gym.Env) -> torch.Tensor:
    return env.unwrapped._vector._rows.state["goal"][0]


def begin(world: World, count: int, **options):
    task = make_task("search", world, **options)
    seeds = torch.arange(count)
    return task, task.begin(seeds, world.draw_scenes(seeds))


def test_the_goal_is_seen_from_its_pose_and_does_not_change(searchable: World):
    world = searchable
    env = make(world)
    observation, _ = env.reset(seed=2)
    scene = env.unwrapped._vector._rows.scenes
    assert np.array_equal(observation["goal"], world.views(scene, goal(env)[None])[0].numpy())
    later = env.step(np.asarray(world.still, np.float32))[0]
    assert np.array_equal(later["goal"], observation["goal"])
    assert later in env.observation_space


def test_an_eye_that_goes_to_the_goal_succeeds(images_world: ImagesWorld):
    env = make(images_world)
    observation, info = env.reset(seed=4)
    way = goal(env).numpy() - observation["fixation"]
    far = float(np.hypot(*way))
    assert info == {"distance": pytest.approx(far), "is_success": False, "optimal_steps": 1}
    observation, reward, terminated, _, info = env.step(way * 0.5)
    assert (reward, terminated) == (pytest.approx(far / 2, abs=1e-6), False)
    assert info == {"distance": pytest.approx(far / 2, abs=1e-6), "is_success": False, "optimal_steps": 1}
    observation, reward, terminated, _, info = env.step(way * 0.5)
    assert (reward, terminated) == (pytest.approx(far / 2 + 1, abs=1e-6), True)
    assert info["is_success"] is True
    assert np.array_equal(observation["glimpse"], observation["goal"])


def test_an_object_that_is_turned_to_the_goal_succeeds(objects_world: ObjectsWorld):
    env = make(objects_world, tolerance=math.radians(5))
    observation, info = env.reset(seed=4)
    way = Rotation.from_quat(observation["pose"]).inv() * Rotation.from_quat(goal(env).numpy())
    assert info["distance"] == pytest.approx(way.magnitude(), abs=1e-4)
    short = Rotation.from_rotvec(way.as_rotvec() * (1 - math.radians(6) / way.magnitude()))
    assert not env.step(short.as_quat().astype(np.float32))[2]
    nearly = Rotation.from_rotvec(way.as_rotvec() / way.magnitude() * math.radians(2))
    *_, terminated, _, info = env.step(nearly.as_quat().astype(np.float32))
    assert terminated
    assert info["distance"] == pytest.approx(math.radians(4), abs=1e-4)


def test_dense_rewards_add_up_to_the_way_come_nearer(searchable: World):
    world = searchable
    dense, sparse = make(world, tolerance=0.01), make(world, tolerance=0.01, reward="sparse")
    start = dense.reset(seed=1)[1]["distance"]
    sparse.reset(seed=1)
    dense.action_space.seed(0)
    total = 0.0
    for _ in range(6):
        action = dense.action_space.sample()
        _, reward, terminated, _, info = dense.step(action)
        assert sparse.step(action)[1] == float(terminated)
        total += reward - terminated
        if terminated:
            break
    assert total == pytest.approx(start - info["distance"], abs=1e-5)


@pytest.mark.parametrize("actions", ["box", "discrete"])
def test_no_goal_is_reached_at_the_start(searchable: World, actions: str):
    world = searchable
    task, rows = begin(world, 1000, actions=actions)
    distances = world.distance(rows.poses, rows.state["goal"])
    assert distances.min() > world.tolerance
    assert not task.info(rows)["is_success"].any()


def test_goals_lie_all_over_the_picture(images_world: ImagesWorld):
    _, rows = begin(images_world, 2000)
    goals = rows.state["goal"]
    assert goals.mean(dim=0) == pytest.approx([0.4875, 0.4875], abs=0.03)  # of 40 pixels, without the centre
    assert goals.std(dim=0) == pytest.approx([0.29, 0.29], abs=0.015)


def test_a_tolerance_without_a_goal_beyond_is_refused(images_world: ImagesWorld):
    with pytest.raises(ValueError, match=r"of row 0: no pose was found beyond tolerance=0.9; use a smaller one"):
        make(images_world, tolerance=0.9).reset(seed=0)


@pytest.mark.parametrize("reach", [0.1, 0.35])
def test_optimal_steps_are_those_of_who_goes_straight(pictures: PictureSet, reach: float):
    world = ImagesWorld(pictures, fovea=12, max_saccade=reach)
    env = make(world)
    for seed in range(12):
        observation, info = env.reset(seed=seed)
        steps, terminated = 0, False
        while not terminated:
            observation, _, terminated, _, info = env.step(goal(env).numpy() - observation["fixation"])
            steps += 1
        assert steps == info["optimal_steps"]


def test_goals_of_choices_are_reached_by_choices(images_world: ImagesWorld, objects_world: ObjectsWorld):
    _, rows = begin(images_world, 50, actions="discrete")
    cells = torch.round(rows.state["goal"] * 40 - 4) / 8  # centres lie at pixels 4, 12, ...
    assert torch.equal(cells, cells.round())
    assert (rows.state["optimal_steps"] == 1).all()
    _, rows = begin(objects_world, 20, actions="discrete")
    turns = [Rotation.from_rotvec(sign * math.radians(30) * axis) for sign in (1, -1) for axis in np.eye(3)]
    for pose, end in zip(rows.poses.numpy(), rows.state["goal"].numpy(), strict=True):
        way = Rotation.from_quat(pose).inv() * Rotation.from_quat(end)
        two = [a * b for a in turns for b in turns]
        gaps = [((a * b).inv() * way).magnitude() for a in two for b in two]
        assert min(gaps) < 1e-3


def test_optimal_steps_of_choices_are_a_lower_bound(objects_world: ObjectsWorld):
    _, rows = begin(objects_world, 40, actions="discrete")
    angles = [
        (Rotation.from_quat(a).inv() * Rotation.from_quat(b)).magnitude()
        for a, b in zip(rows.poses.numpy(), rows.state["goal"].numpy(), strict=True)
    ]
    least = np.maximum(np.ceil((np.degrees(angles) - 10) / 30 - 1e-4), 1)
    assert np.array_equal(rows.state["optimal_steps"].numpy(), least)
    assert least.max() <= 4


def test_a_frame_shows_the_goal_too(images_world: ImagesWorld):
    env = make(images_world, render_mode="rgb_array")
    observation, _ = env.reset(seed=0)
    frame, plain = env.render(), images_world.frame(0, torch.zeros(1, 2))
    assert np.array_equal(frame[::32, -384::32][:12], observation["goal"].transpose(1, 2, 0))
    assert frame.shape[1] > plain.shape[1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"actions": "dict"}, ValueError, "actions='dict' is not known"),
        ({"reward": "none"}, ValueError, "reward='none' is not known; use one of 'dense', 'sparse'"),
        ({"tolerance": -0.1}, ValueError, r"tolerance=-0\.1 is out of range; use at least 0"),
        ({"tolerance": "wide"}, TypeError, "tolerance='wide' is not a number"),
    ],
)
def test_bad_options_are_named(images_world: ImagesWorld, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(images_world, **options)
