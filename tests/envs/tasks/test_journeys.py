"""Path integration and homing: what is hidden, what is reported, and what it is worth."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld, World
from scipy.spatial.transform import Rotation

JOURNEYS = ["path-integration", "homing"]


def make(world: World, task: str = "path-integration", **options) -> gym.Env:
    return gym.make("SaccadeWorld-v0", world=world, task=task, **options)


def walk(env: gym.Env, seed: int = 0) -> tuple[list[dict], list[dict]]:
    """Reset, then all movements of an episode: observations and infos."""
    observation, info = env.reset(seed=seed)
    observations, infos = [observation], [info]
    env.action_space.seed(seed)
    while not observations[-1]["phase"][0]:
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert (reward, terminated, truncated) == (0, False, False)
        observations.append(observation)
        infos.append(info)
    return observations, infos


@pytest.mark.parametrize("movements", [1, 3])
@pytest.mark.parametrize("task", JOURNEYS)
def test_an_episode_is_its_movements_and_a_last_action(world: World, task: str, movements: int):
    env = make(world, task, movements=movements)
    observations, infos = walk(env)
    assert [int(o["step"][0]) for o in observations] == list(range(movements + 1))
    assert set(observations[0]) == {"glimpse", "action", "phase", "step"}
    assert observations[0]["action"].tolist() == list(world.still)
    assert infos[0]["distance"] == pytest.approx(0, abs=1e-3)
    *_, terminated, truncated, _ = env.step(env.action_space.sample())
    assert (terminated, truncated) == (True, False)


def test_a_report_of_a_saccade_costs_its_distance_from_the_truth(images_world: ImagesWorld):
    for seed in range(5):
        env = make(images_world)
        observations, infos = walk(env, seed)
        truth = sum(o["action"].astype(np.float64) for o in observations)
        assert infos[-1]["displacement"] == pytest.approx(truth, abs=1e-6)
        assert infos[-1]["distance"] == pytest.approx(np.hypot(*truth), abs=1e-6)
        report = env.action_space.sample()
        _, reward, *_, info = env.step(report)
        assert reward == pytest.approx(-np.hypot(*(report - truth)), abs=1e-6)
        assert info["displacement"] == pytest.approx(truth, abs=1e-6)


def test_a_report_of_a_rotation_costs_the_angle_to_the_truth(objects_world: ObjectsWorld):
    for seed in range(5):
        env = make(objects_world)
        observations, infos = walk(env, seed)
        truth = Rotation.identity()
        for observation in observations:
            truth = truth * Rotation.from_quat(observation["action"])
        assert infos[-1]["displacement"] == pytest.approx(truth.as_quat(canonical=True), abs=1e-5)
        assert infos[-1]["distance"] == pytest.approx(truth.magnitude(), abs=1e-4)
        report = env.action_space.sample()  # of any length
        reward = env.step(report)[1]
        assert reward == pytest.approx(-(truth.inv() * Rotation.from_quat(report)).magnitude(), abs=1e-4)


def test_starts_lie_all_over_the_picture(images_world: ImagesWorld):
    env = gym.make_vec("SaccadeWorld-v0", 400, world=images_world, task="path-integration")
    env.reset(seed=0)
    starts = env._rows.poses
    assert starts.mean(dim=0) == pytest.approx([0.5, 0.5], abs=0.06)
    assert starts.std(dim=0) == pytest.approx([0.29, 0.29], abs=0.03)


@pytest.mark.parametrize("task", JOURNEYS)
def test_a_passive_eye_is_moved_as_a_rollout_is(world: World, task: str):
    policy = list(world.policies)[-1]
    env = make(world, task, passive=policy, movements=3)
    rollout = world.rollout(scenes=world.draw_scenes(torch.tensor([8])), length=4, policy=policy, seed=8)
    observation, _ = env.reset(seed=8)
    for step in range(4):
        assert np.array_equal(observation["glimpse"], rollout.views[0, step].numpy())
        if step > 0:
            assert observation["action"] == pytest.approx(rollout.actions[0, step - 1].numpy(), abs=1e-7)
        observation, *_, terminated, _, info = env.step(env.action_space.sample())
    assert terminated
    if task == "path-integration":
        expected = world.actions_between(rollout.poses[:, 0], rollout.poses[:, -1])[0]
        assert info["displacement"] == pytest.approx(expected.numpy(), abs=1e-6)


def test_true_means_the_worlds_default_policy(world: World):
    default = next(iter(world.policies))
    one, other = (make(world, passive=passive) for passive in (True, default))
    for part, other_part in zip(walk(one)[0], walk(other)[0], strict=True):
        assert all(np.array_equal(part[key], other_part[key]) for key in part)


def test_views_and_movements_can_be_hidden(world: World):
    def observed(**options) -> set:
        return set(make(world, **options).reset(seed=0)[0])

    assert observed(observe_view=False) == {"action", "phase", "step"}
    assert observed(observe_action=False, passive=True) == {"glimpse", "phase", "step"}
    assert observed(observe_action=False, observe_view=False, passive="uniform") == {"phase", "step"}


def test_motor_noise_comes_between_command_and_truth(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, motor_noise=0.2)
    for passive in (False, "uniform"):
        env = make(world, passive=passive)
        errors = []
        for seed in range(20):
            observations, infos = walk(env, seed)
            errors.append(infos[-1]["displacement"] - sum(o["action"] for o in observations))
            assert env.step(infos[-1]["displacement"])[1] == pytest.approx(0, abs=1e-6)
        assert 0.05 < np.std(errors) < 0.5


def test_the_way_home_is_judged_by_what_is_seen_there(images_world: ImagesWorld):
    for seed in range(5):
        env = make(images_world, "homing")
        observations, _ = walk(env, seed)
        home = env.action_space.sample()
        observation, reward, *_, info = env.step(home)
        seen, first = (o["glimpse"].astype(np.float64) for o in (observation, observations[0]))
        assert reward == pytest.approx(-np.abs(seen - first).mean() / 255, abs=1e-6)
        end = sum(o["action"].astype(np.float64) for o in observations) + observation["action"]
        assert info["distance"] == pytest.approx(np.hypot(*end), abs=1e-5)


def test_who_goes_straight_home_sees_the_first_view_again(images_world: ImagesWorld, objects_world: ObjectsWorld):
    for world in (images_world, objects_world):
        env = make(world, "homing")
        _, infos = walk(env)
        away = torch.tensor(infos[-1]["displacement"])
        still = torch.tensor(world.still)
        back = -away if world is images_world else away * torch.tensor([-1.0, -1, -1, 1])
        reward, *_, info = env.step(back.numpy())[1:]
        assert reward == pytest.approx(0, abs=2e-3)
        assert info["distance"] == pytest.approx(0, abs=1e-3)
        assert world.distance(still, torch.tensor(info["displacement"])) < 1e-3


def test_a_frame_of_homing_shows_the_first_view_too(images_world: ImagesWorld):
    env = make(images_world, "homing", render_mode="rgb_array")
    first = walk(env)[0][0]["glimpse"]
    frame = env.render()
    plain = images_world.frame(0, torch.zeros(1, 2))
    assert frame.shape[0] == plain.shape[0]
    panel = frame[:, plain.shape[1] :]
    assert np.array_equal(panel[-32 * 12 :: 32, -32 * 12 :: 32][:12, :12], first.transpose(1, 2, 0))


def test_a_frame_of_path_integration_shows_the_place_that_was_reported(
    images_world: ImagesWorld, objects_world: ObjectsWorld
):
    """Where the same way as one movement would lead."""
    for world, panel in ((images_world, 0), (objects_world, -1)):
        env = make(world, render_mode="rgb_array")
        walk(env, 4)
        before = env.render()
        rows = env.unwrapped._vector.rows
        report = world.rollout(1, 2, "nearby", 2).actions[0, 0]
        env.step(report.numpy())
        after = env.render()
        place = world.move(rows.state["start"], report[None])
        assert not torch.equal(place, rows.poses)
        expected = list(world.panels(int(rows.scenes[0]), torch.cat([rows.state["start"], place])).values())[panel]
        assert after.shape == before.shape
        assert np.array_equal(after[:, -384:], expected)
        assert len(np.unique(before[:, -384:])) == 1, "nothing was reported yet"


def test_a_frame_of_homing_shows_the_first_view_of_an_object_once(objects_world: ObjectsWorld):
    env = make(objects_world, "homing", render_mode="rgb_array")
    observations, _ = walk(env)
    first, last = (observations[i]["glimpse"].transpose(1, 2, 0).repeat(32, 0).repeat(32, 1) for i in (0, -1))
    frame = env.render()
    assert frame.shape == (384, 384 + 8 + 384, 3)
    assert np.array_equal(frame[:, :384], first)
    assert np.array_equal(frame[:, 392:], last)
    assert not np.array_equal(first, last)


def test_a_report_of_a_difference_of_parameters_costs_its_distance_from_the_truth(pictures: PictureSet):
    env = make(AugmentationsWorld(pictures))
    for seed in range(5):
        observations, infos = walk(env, seed)
        truth = sum(o["action"].astype(np.float64) for o in observations)
        assert infos[-1]["displacement"] == pytest.approx(truth, abs=1e-5)
        report = env.action_space.sample()
        assert env.step(report)[1] == pytest.approx(-np.linalg.norm(report - truth), abs=1e-5)


@pytest.mark.parametrize("task", JOURNEYS)
def test_rows_need_not_be_due_together(world: World, task: str):
    """What a row is rewarded does not depend on whether others are in the middle of their journeys."""
    envs = [gym.make_vec("SaccadeWorld-v0", 2, world=world, task=task, movements=2) for _ in range(2)]
    together, apart = envs
    for env in envs:
        env.reset(seed=3)
    together.action_space.seed(3)
    actions = together.action_space.sample()
    apart.step(actions)
    apart.reset(seed=3, options={"reset_mask": np.array([True, False])})
    expected = [together.step(actions) for _ in range(3)]
    got = [apart.step(actions) for _ in range(3)]
    assert [result[2].tolist() for result in got] == [[False, False], [False, True], [True, False]]
    assert got[2][1][0] == expected[2][1][0]
    assert got[1][1].tolist() == [0, expected[2][1][1]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"observe_pose": True}, ValueError, "observe_pose=True would tell what 'path-integration' asks for"),
        ({"observe_action": False}, ValueError, "observe_action=False hides movements from the agent that makes them"),
        ({"movements": 0}, ValueError, "movements=0 is out of range; use 1 to 1000000"),
        ({"movements": 2.5}, TypeError, r"movements=2\.5 is not a whole number"),
        ({"passive": "nobody"}, ValueError, "policy='nobody' is not known"),
        ({"passive": 1}, TypeError, "passive=1 is neither True nor False"),
        ({"observe_view": "no"}, TypeError, "observe_view='no' is neither True nor False"),
        ({"observe_action": 0}, TypeError, "observe_action=0 is neither True nor False"),
        ({"tolerance": 3}, TypeError, "a world that is made already has no option 'tolerance'"),
    ],
)
def test_bad_options_are_named(images_world: ImagesWorld, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(images_world, **options)


@pytest.mark.parametrize("task", JOURNEYS)
def test_a_limit_that_comes_before_the_last_action_is_refused(images_world: ImagesWorld, task: str):
    options = {"world": images_world, "task": task, "movements": 6}
    with pytest.raises(ValueError, match=f"max_episode_steps=6 ends '{task}' too early; use at least 7"):
        gym.make_vec("SaccadeWorld-v0", 2, max_episode_steps=6, **options)
    gym.make_vec("SaccadeWorld-v0", 2, max_episode_steps=7, **options)
    gym.make_vec("SaccadeWorld/PathIntegration-v0", 2, count=2, movements=30)
