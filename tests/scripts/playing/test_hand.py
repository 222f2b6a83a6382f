"""What a hand does to an object: held against SciPy's rotations and what the renderer shows."""

import math

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.sources.banks import MeshSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.scripts.playing.hand import camera_axes, moved
from scipy.spatial.transform import Rotation

POSE = rotations.from_euler(torch.tensor([0.4, -0.7, 1.9]))


def test_a_place_in_a_picture_goes_with_the_hand(images_world: ImagesWorld):
    there = moved(images_world, torch.tensor([0.5, 0.25]), right=0.25, down=-0.125)
    assert there.tolist() == [0.375, 0.5]


def test_the_camera_sees_along_its_third_axis_and_the_others_are_level_and_upright(objects_world: ObjectsWorld):
    axes, setup = camera_axes(objects_world.setup).double().numpy(), objects_world.setup
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    camera = Rotation.from_euler("yz", [setup.camera_polar, setup.camera_azimuth]).apply([0, 0, 1])
    np.testing.assert_allclose(axes[2], -camera, atol=1e-6)
    assert axes[0, 2] == pytest.approx(0, abs=1e-6)
    assert axes[1, 2] > 0


@pytest.mark.parametrize(("right", "down"), [(0.1, 0), (0, 0.1), (-0.05, 0.02)])
def test_what_faces_the_camera_goes_with_the_hand(objects_world: ObjectsWorld, right: float, down: float):
    horizontal, upright, sight = camera_axes(objects_world.setup).double().numpy()
    before = Rotation.from_quat(POSE.double().numpy())
    after = Rotation.from_quat(moved(objects_world, POSE, right, down).double().numpy())
    facing = before.inv().apply(-sight)  # a point of the body
    went = after.apply(facing) - before.apply(facing)
    along = np.array([went @ horizontal, -(went @ upright)])
    assert along @ [right, down] == pytest.approx(np.linalg.norm(along) * math.hypot(right, down), rel=1e-5)
    assert (after * before.inv()).magnitude() == pytest.approx(math.pi * math.hypot(right, down), rel=1e-4)


def test_a_roll_turns_the_view_clockwise(meshes: MeshSet):
    world = ObjectsWorld(meshes, size=32)
    scene = torch.tensor([0])
    poses = [POSE, moved(world, POSE, 0, 0, roll=math.pi / 2)]
    before, after = (world.renderer.render_rgba(scene, pose[None])[0, 3].numpy() > 127 for pose in poses)
    assert 30 < before.sum() < 900
    assert (np.rot90(before, -1) == after).mean() > 0.98
    assert (np.rot90(before, 1) == after).mean() < 0.95


def test_a_hand_at_rest_changes_nothing(objects_world: ObjectsWorld):
    assert torch.equal(moved(objects_world, POSE, 0, 0), POSE)
