import math

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.sources.banks import MeshSet
from saccadeworld.envs.worlds import ObjectsWorld
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
