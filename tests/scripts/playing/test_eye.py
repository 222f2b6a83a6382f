"""An eye: held against rollouts of the world, which know nothing of it."""

import pytest
import torch
from saccadeworld.agents.glimpses import FromStart
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.scripts.playing.eye import LONGEST, YOU, Eye, Setting


@pytest.mark.parametrize("name", ["uniform", "nearby"])
@pytest.mark.parametrize("kind", ["images", "objects"])
def test_watching_a_mover_is_a_rollout(request: pytest.FixtureRequest, kind: str, name: str):
    setting: Setting = request.getfixturevalue(f"{kind}_setting")
    eye = Eye(setting)
    eye.next_scene()
    for _ in range(3):
        eye.step(name)
    rollout = setting.world.rollout(1, 4, FromStart(setting.world.policy(name)), seed=setting.first + 1)
    assert torch.equal(eye.poses, rollout.poses[0])
    assert torch.equal(eye.views, rollout.views[0])
    assert (eye.scene, eye.label) == (rollout.scenes[0], setting.world.classes[rollout.labels[0]])
    assert eye.players == (name,) * 3


def test_a_person_goes_where_they_point_and_no_farther_than_the_border(images_setting: Setting):
    eye = Eye(images_setting)
    assert eye.poses.tolist() == [[0.5, 0.5]]
    eye.point(torch.tensor([0.25, 3.0]))
    assert len(eye.poses) == 1, "pointing is not looking"
    eye.look()
    torch.testing.assert_close(eye.poses[1], torch.tensor([0.25, 39 / 40]))
    assert torch.equal(eye.aim, eye.poses[1])
    assert eye.players == (YOU,)


def test_limits_and_motor_noise_are_those_of_the_world(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, max_saccade=0.2, motor_noise=0.5)
    eye = Eye(Setting(world, {}, 3))
    eye.point(torch.tensor([0.5, 0.9]))
    torch.testing.assert_close(eye.aim, torch.tensor([0.5, 0.7]))
    aim = eye.aim
    eye.look()
    assert not torch.equal(eye.poses[1], aim)
    seeds, start = torch.tensor([3]), torch.tensor([[0.5, 0.5]])
    torch.testing.assert_close(eye.poses[1], world.land(start, aim[None], seeds, 1)[0])


def test_an_object_is_turned_in_its_own_frame(objects_setting: Setting):
    eye = Eye(objects_setting)
    eye.nudge(0.25, 0)
    aim = eye.aim
    eye.look()
    action = eye.course.episodes.actions[0, 0]
    world = objects_setting.world
    assert isinstance(world, ObjectsWorld)
    torch.testing.assert_close(world.move(eye.poses[:1], action[None])[0], aim, rtol=1e-5, atol=1e-5)
    assert world.distance(eye.poses[0], eye.poses[1]).item() == pytest.approx(torch.pi / 4, rel=1e-3)


def test_a_scene_begins_anew_as_it_was(images_setting: Setting):
    eye = Eye(images_setting)
    scene, view = eye.scene, eye.views[0]
    eye.step("uniform")
    eye.restart()
    assert (eye.scene, len(eye.poses)) == (scene, 1)
    assert torch.equal(eye.views[0], view)


def test_eyes_do_not_share_what_they_do(images_setting: Setting):
    one, other = Eye(images_setting), Eye(images_setting)
    one.step("uniform")
    one.next_scene()
    assert (other.number, len(other.poses)) == (0, 1)


def test_a_scene_is_looked_at_for_so_long(images_setting: Setting):
    eye = Eye(images_setting)
    for _ in range(LONGEST - 1):
        eye.look()
    with pytest.raises(ValueError, match=f"{LONGEST} views of one scene are enough: take a new scene"):
        eye.look()
    assert len(eye.poses) == LONGEST


def test_an_unknown_mover_is_named(images_setting: Setting):
    with pytest.raises(ValueError, match="nobody"):
        Eye(images_setting).step("nobody")
