import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.sources.banks import MeshSet
from saccadeworld.envs.worlds import ObjectsWorld
from scipy import stats
from scipy.spatial.transform import Rotation


def turn(axis: list[float], angle: float) -> torch.Tensor:
    return rotations.from_axis_angle(torch.tensor([axis]), torch.tensor([angle]))


def test_an_action_is_an_increment_in_the_frame_of_the_body(objects_world: ObjectsWorld):
    pose, action = turn([0.0, 0.0, 1.0], 1.0), turn([1.0, 0.0, 0.0], 0.5)
    expected = Rotation.from_euler("z", 1.0) * Rotation.from_euler("x", 0.5)
    moved = Rotation.from_quat(objects_world.move(pose, action)[0].numpy())
    assert (moved * expected.inv()).magnitude() < 1e-6
    assert torch.allclose(objects_world.actions_between(pose, objects_world.move(pose, action)), action, atol=1e-6)


def test_actions_of_any_length_and_sign_are_the_same_rotation(objects_world: ObjectsWorld):
    pose, action = turn([0.0, 1.0, 0.0], 1.0), turn([1.0, 0.0, 0.0], 0.5)
    for scale in (0.01, -1.0, -0.3):
        assert torch.allclose(objects_world.move(pose, scale * action), objects_world.move(pose, action), atol=1e-6)


@pytest.mark.parametrize("length", [0.0, 1e-7])
def test_a_quaternion_without_length_is_refused(objects_world: ObjectsWorld, length: float):
    actions = torch.tensor([[0.0, 0.0, 0.0, 1.0], [length, 0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match=r"action \[.*\] of row 1: a quaternion needs a length above 1e-06"):
        objects_world.check_actions(actions)


def test_turning_there_and_back_shows_the_same_view(objects_world: ObjectsWorld):
    scenes, pose = torch.tensor([2]), turn([0.0, 0.0, 1.0], 0.7)
    there = objects_world.move(pose, turn([0.6, 0.0, 0.8], 1.1))
    back = objects_world.move(there, turn([0.6, 0.0, 0.8], -1.1))
    before, away, after = (objects_world.views(scenes, p).int() for p in (pose, there, back))
    assert (before - after).abs().max() <= 1
    assert (before - away).abs().max() > 20


def test_the_light_stands_still_by_scene_and_moves_by_view(meshes: MeshSet):
    options = {"size": 12, "rotations": "turntable"}
    still, moving = (ObjectsWorld(meshes, stage=stage, **options) for stage in ("scene", "view"))
    scenes = torch.tensor([1, 1])
    stayed = still.rollout(scenes=scenes, length=3)
    assert stayed.poses.shape == (2, 3, 4)
    assert torch.equal(still.views(scenes, stayed.poses[:, 0]), stayed.views[:, 0])
    moved = moving.rollout(scenes=scenes, length=3)
    assert moved.poses.shape == (2, 3, 8)
    stage = moved.poses[..., 4:]
    assert (stage >= 0).all()
    assert (stage <= torch.tensor([1.0, math.pi / 4, 2 * math.pi, 1.0])).all()
    assert len(stage.flatten(0, 1).unique(dim=0)) == 6
    assert torch.equal(moved.poses[..., :4], stayed.poses)
    assert torch.equal(moved.actions, stayed.actions)


def test_a_frame_shows_the_first_and_the_present_view(objects_world: ObjectsWorld):
    poses = torch.cat([turn([0.0, 0.0, 1.0], angle) for angle in (0.0, 1.0, 2.0)])
    frame = objects_world.frame(3, poses)
    assert frame.shape == (384, 384 + 8 + 384, 3)
    views = objects_world.views(torch.tensor([3, 3]), poses[[0, 2]]).permute(0, 2, 3, 1).numpy()
    assert (frame[16::32, 16:384:32] == views[0]).all()
    assert (frame[16::32, 392 + 16 :: 32] == views[1]).all()


def test_distances_are_geodesic_angles(objects_world: ObjectsWorld):
    first, second = Rotation.from_euler("xyz", [0.3, -1.2, 2.0]), Rotation.from_euler("xyz", [-0.4, 0.2, 1.0])
    a, b = (torch.tensor(r.as_quat(canonical=True), dtype=torch.float32) for r in (first, second))
    assert objects_world.distance(a, b).item() == pytest.approx((first.inv() * second).magnitude(), abs=1e-6)


def test_choices_turn_by_thirty_degrees_about_the_axes(objects_world: ObjectsWorld):
    turns = Rotation.from_quat(objects_world.choices(torch.zeros(1, 4))[0].numpy()).as_rotvec(degrees=True)
    np.testing.assert_allclose(turns, np.concatenate([30 * np.eye(3), -30 * np.eye(3)]), atol=1e-4)


# --- floor and light as parts of the action -------------------------------------------------------------------------


def lit(meshes: MeshSet, latents: str, **options) -> ObjectsWorld:
    return ObjectsWorld(meshes, size=12, latents=latents, **options)


@pytest.mark.parametrize("stage", ["scene", "view", "setup"])
@pytest.mark.parametrize(("latents", "count"), [("rotation", 0), ("rotcolor", 2), ("all", 4)])
def test_poses_and_actions_hold_what_actions_change(meshes: MeshSet, latents: str, count: int, stage: str):
    world = lit(meshes, latents, stage=stage)
    assert world.action_dim == 4 + count
    assert world.pose_dim == (8 if stage == "view" else 4 + count)
    assert len(world.still) == world.action_dim
    assert len(world.pose_low) == len(world.pose_high) == world.pose_dim
    poses = world.first_poses(torch.arange(5), torch.arange(5) % 4)
    moved = world.move(poses, torch.tensor(world.still).expand(5, -1))
    assert torch.allclose(moved, poses, atol=1e-6)
    choices = world.choices(poses)
    assert choices.shape == (5, world.choice_count, world.action_dim)
    world.check_actions(choices.flatten(0, 1))


def test_choices_change_one_thing_at_a_time(meshes: MeshSet):
    world = lit(meshes, "rotcolor")
    choices = world.choices(torch.zeros(1, 6))[0]
    turned = Rotation.from_quat(choices[:, :4].numpy()).magnitude()
    np.testing.assert_allclose(turned, [math.radians(30)] * 6 + [0] * 4, atol=1e-6)
    expected = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]]) / 12
    assert torch.equal(choices[:, 4:], torch.cat([torch.zeros(6, 2), expected]))


def test_actions_change_the_colours_and_only_these(meshes: MeshSet):
    world = lit(meshes, "rotcolor", stage="view")
    pose = torch.tensor([[0.0, 0, 0, 1, 0.9, 0.2, 0.3, 4.0]])
    action = torch.cat([turn([1.0, 0.0, 0.0], 0.5), torch.tensor([[0.25, -0.5]])], dim=1)
    moved = world.move(pose, action)
    assert torch.allclose(moved[:, 4:], torch.tensor([[0.15, 0.7, 0.3, 4.0]]), atol=1e-6)
    assert torch.allclose(moved[:, :4], turn([1.0, 0.0, 0.0], 0.5), atol=1e-6)
    back = world.actions_between(pose, moved)
    assert torch.allclose(world.canonical(action).abs(), back.abs(), atol=1e-6)  # half a turn is both ways the same


def test_views_show_the_floor_and_light_of_their_pose(meshes: MeshSet):
    """Against the renderer, given the stage in its own order."""
    scenes = torch.tensor([0, 2, 3])
    quaternions = torch.cat([turn([0.0, 0.0, 1.0], angle) for angle in (0.2, 1.0, 2.0)])
    stage = torch.tensor([[0.1, 0.3, 2.0, 0.6], [0.5, 0.1, 5.0, 0.2], [0.9, 0.7, 0.5, 0.9]])
    everything, changing = lit(meshes, "all"), lit(meshes, "rotcolor", stage="view")
    expected = everything.renderer.render(scenes, quaternions, stage)
    assert torch.equal(everything.views(scenes, torch.cat([quaternions, stage], 1)), expected)
    assert torch.equal(changing.views(scenes, torch.cat([quaternions, stage[:, [0, 3, 1, 2]]], 1)), expected)
    of_setup = lit(meshes, "rotcolor", stage="setup")
    stage[:, 1:3] = torch.tensor(of_setup.setup.stage[1:3])
    expected = everything.renderer.render(scenes, quaternions, stage)
    assert torch.equal(of_setup.views(scenes, torch.cat([quaternions, stage[:, [0, 3]]], 1)), expected)


@pytest.mark.parametrize("stage", ["scene", "view", "setup"])
def test_episodes_begin_alike_whatever_actions_change(meshes: MeshSet, stage: str):
    seeds, scenes = torch.arange(6), torch.tensor([0, 1, 2, 3, 0, 1])
    worlds = [lit(meshes, latents, stage=stage) for latents in ("rotation", "rotcolor", "all")]
    plain, *others = (world.views(scenes, world.first_poses(seeds, scenes)) for world in worlds)
    assert all(torch.equal(plain, other) for other in others)


def test_what_actions_do_not_change_is_drawn_afresh_at_every_view(meshes: MeshSet):
    scenes, seeds = torch.zeros(3, dtype=torch.int64), torch.arange(3)
    world = lit(meshes, "rotcolor", stage="view")
    start = world.first_poses(seeds, scenes)
    after = world.settle(world.move(start, torch.tensor(world.still).expand(3, -1)), scenes, seeds, 1)
    assert torch.allclose(after[:, 4:6], start[:, 4:6], atol=1e-6)
    assert ((after[:, 6:] - start[:, 6:]).abs() > 1e-3).all()
    with_all = lit(meshes, "all", stage="view").rollout(4, 3)
    without = lit(meshes, "rotation", stage="view").rollout(4, 3)
    assert torch.equal(with_all.views, without.views)
    assert with_all.actions.shape == (4, 2, 8)


# --- small rotations ------------------------------------------------------------------------------------------------


def test_a_large_rotation_ends_on_its_way(meshes: MeshSet):
    world = lit(meshes, "rotcolor", max_rotation=30)
    assert world.reach == pytest.approx(math.radians(30))
    pose = torch.cat([turn([0.0, 0.6, 0.8], 1.3), torch.tensor([[0.5, 0.5]])], 1)
    for angle, expected in ((2.0, math.radians(30)), (0.4, 0.4), (-1.0, -math.radians(30))):
        action = torch.cat([turn([0.6, 0.0, 0.8], angle), torch.tensor([[0.25, 0.0]])], 1)
        moved = world.move(pose, action)
        by = Rotation.from_quat(pose[:, :4]).inv() * Rotation.from_quat(moved[:, :4])
        np.testing.assert_allclose(by.as_rotvec()[0], expected * np.array([0.6, 0.0, 0.8]), atol=1e-6)
        assert moved[0, 4:].tolist() == [0.75, 0.5]


def test_policies_take_small_steps_towards_what_they_choose(meshes: MeshSet):
    world, free = (ObjectsWorld(meshes, size=12, rotations="inner", max_rotation=limit) for limit in (20, None))
    small, large = world.rollout(50, 3, "uniform").poses, free.rollout(50, 3, "uniform").poses
    assert torch.equal(small[:, 0], large[:, 0])
    first, second, chosen = (Rotation.from_quat(q.double().numpy()) for q in (small[:, 0], small[:, 1], large[:, 1]))
    taken, left, whole = first.inv() * second, second.inv() * chosen, first.inv() * chosen
    np.testing.assert_allclose(np.degrees(taken.magnitude()), np.minimum(20, np.degrees(whole.magnitude())), atol=1e-3)
    np.testing.assert_allclose(taken.magnitude() + left.magnitude(), whole.magnitude(), atol=1e-5)
    inner = Rotation.from_quat(small.flatten(0, 1).double().numpy()).magnitude()
    assert inner.max() < math.pi / 2 + 1e-5


# --- motor noise ----------------------------------------------------------------------------------------------------


def test_motor_noise_scatters_rotations_in_proportion_to_their_angle(meshes: MeshSet):
    """By SciPy: the rotation vector from target to landing has normal, independent components of one deviation."""
    world = lit(meshes, "rotation", motor_noise=0.1)
    seeds, start = torch.arange(20_000), turn([0.0, 0.6, 0.8], 1.3).expand(20_000, 4)

    def missed(aims: torch.Tensor, step: int) -> np.ndarray:
        target, landed = (Rotation.from_quat(q.double().numpy()) for q in (aims, world.land(start, aims, seeds, step)))
        return (target.inv() * landed).as_rotvec()

    for angle in (0.1, -1.0, 2.5):
        aims = world.move(start, turn([0.6, 0.0, 0.8], angle).expand(20_000, 4))
        errors = missed(aims, 3)
        for part in errors.T:
            assert stats.kstest(part / (0.1 * abs(angle)), "norm").pvalue > 1e-3
        assert abs(np.corrcoef(errors.T) - np.eye(3)).max() < 0.03
    assert abs(np.corrcoef(errors[:, 0], missed(aims, 4)[:, 0])[0, 1]) < 0.03
    assert torch.allclose(world.land(start, start, seeds, 3), start, atol=1e-6)


def test_motor_noise_leaves_floor_and_light_alone(meshes: MeshSet):
    noisy, exact = (lit(meshes, "rotcolor", stage="view", motor_noise=noise) for noise in (0.3, 0.0))
    landed, sent = (world.rollout(20, 3, "uniform").poses for world in (noisy, exact))
    assert torch.equal(landed[..., 4:], sent[..., 4:])
    assert torch.equal(landed[:, 0], sent[:, 0])
    assert (noisy.distance(landed[:, 1:], sent[:, 1:]) > 1e-3).all()


def test_objects_with_motor_noise_land_alike_in_environments_and_rollouts(meshes: MeshSet):
    world = lit(meshes, "rotcolor", motor_noise=0.2, max_rotation=60)
    commands = torch.randn(5, 3, 6, generator=torch.Generator().manual_seed(0)).clamp(-0.9, 0.9)
    env = gym.make_vec("SaccadeWorld-v0", 5, world=world, output="torch")
    env.reset(seed=30)
    poses = [env.step(command)[0]["pose"] for command in commands.unbind(1)]

    def obey(episodes: Episodes) -> torch.Tensor:
        if episodes.step == 0:
            return world.first_poses(episodes.seeds, episodes.scenes)
        return world.move(episodes.poses[:, -1], commands[:, episodes.step - 1])

    rollout = world.rollout(5, 4, obey, seed=30)
    assert torch.allclose(torch.stack(poses, 1), rollout.poses[:, 1:], atol=1e-5)
    sent = world.move(rollout.poses[:, :-1], rollout.actions)
    assert (world.distance(sent, rollout.poses[:, 1:]) > 1e-3).double().mean() > 0.9


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"latents": "hue"}, ValueError, "latents='hue' is not known; use one of 'rotation', 'rotcolor', 'all'"),
        ({"max_rotation": 0}, ValueError, "max_rotation=0 is out of range; use 1 to 180"),
        ({"max_rotation": "30"}, TypeError, "max_rotation='30' is not a number"),
        ({"motor_noise": 1.5}, ValueError, "motor_noise=1.5 is out of range; use 0 to 1"),
        ({"motor_noise": True}, TypeError, "motor_noise=True is not a number"),
    ],
)
def test_bad_motion_is_named(meshes: MeshSet, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        ObjectsWorld(meshes, size=12, **options)
