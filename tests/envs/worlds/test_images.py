import pickle

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from scipy import stats


def test_a_view_is_the_window_around_the_fixated_pixel(pictures: PictureSet, images_world: ImagesWorld):
    views = images_world.views(torch.tensor([4, 0]), torch.tensor([[20 / 40, 13 / 40], [39 / 40, 0.0]]))
    assert torch.equal(views[0], pictures.pictures[4, 14:26, 7:19].permute(2, 0, 1))
    assert torch.equal(views[1, :, 6, 6], pictures.pictures[0, 39, 0])
    assert (views[1, :, 7:] == 0).all()
    assert (views[1, :, :, :6] == 0).all()


def test_a_saccade_moves_the_fixation_and_ends_at_the_border(images_world: ImagesWorld):
    poses = torch.tensor([[0.5, 0.25], [0.5, 0.25]])
    moved = images_world.move(poses, torch.tensor([[0.125, -0.125], [-1.0, 1.0]]))
    assert torch.equal(moved, torch.tensor([[0.625, 0.125], [0.0, 39 / 40]]))


def test_episodes_begin_in_the_middle(images_world: ImagesWorld):
    first = images_world.first_poses(torch.arange(3), torch.arange(3))
    assert torch.equal(first, torch.full((3, 2), 0.5))


def test_options_of_the_retina_reach_it(pictures: PictureSet):
    grey = ImagesWorld(pictures, fovea=12, padding=77)
    assert (grey.views(torch.tensor([0]), torch.zeros(1, 2))[0, :, :6] == 77).all()
    between = torch.tensor([[0.51, 0.49]])
    worlds = [ImagesWorld(pictures, fovea=12, subpixel=subpixel) for subpixel in (False, True)]
    nearest, resampled = (world.views(torch.tensor([0]), between) for world in worlds)
    assert not torch.equal(nearest, resampled)
    with pytest.raises(TypeError, match="retina 'crop' has no option 'foo'; it takes 'padding', 'subpixel'"):
        ImagesWorld(pictures, foo=1)


def test_a_frame_shows_picture_scanpath_and_glimpse(pictures: PictureSet, images_world: ImagesWorld):
    frame = images_world.frame(1, torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    assert frame.dtype == np.uint8
    assert frame.shape == (384, 384 + 8 + 384, 3)
    glimpse = frame[16::32, 392 + 16 :: 32]
    assert np.array_equal(glimpse, pictures.pictures[1, 4:16, 24:36].numpy())
    assert np.array_equal(frame[380, 380], pictures.pictures[1, 39, 39])


def test_distances_are_euclidean_in_sides(images_world: ImagesWorld):
    assert images_world.distance(torch.tensor([0.1, 0.2]), torch.tensor([0.4, 0.6])).item() == pytest.approx(0.5)


def test_choices_lead_to_the_centres_of_a_grid(images_world: ImagesWorld):
    poses = torch.tensor([[0.5, 0.25], [0.0, 0.975]])
    reached = images_world.move(poses[:, None], images_world.choices(poses))
    grid = torch.cartesian_prod(*[torch.tensor([4.0, 12, 20, 28, 36]) / 40] * 2)
    assert reached.shape == (2, images_world.choice_count, 2)
    torch.testing.assert_close(reached, grid.expand(2, 25, 2))


def test_a_free_fixation_leaves_the_picture_and_comes_back(pictures: PictureSet):
    free = ImagesWorld(pictures, fovea=12, border="free", retina="official")
    poses = torch.tensor([[0.5, 0.25], [0.0, 0.975], [1.75, -0.5]])
    moved = free.move(poses, torch.tensor([[0.25, -0.5], [-1.0, 1.0], [1.0, -1.0]]))
    assert torch.equal(moved, torch.tensor([[0.75, -0.25], [-1.0, 1.975], [2.0, -1.0]]))
    before, after = (free.views(torch.tensor([0, 1, 2]), where) for where in (poses, moved))
    assert (before[:2] > 0).flatten(1).any(1).all()
    assert (after == 0).all()
    assert torch.equal(free.move(moved[:1], torch.tensor([[-0.25, 0.5]])), poses[:1])


def test_a_rollouts_commands_stay_in_bounds_however_far_outside_the_eye_lands(pictures: PictureSet):
    free = ImagesWorld(pictures, fovea=12, border="free", motor_noise=1.0)
    rollout = free.rollout(2000, 4, "uniform")
    assert rollout.poses.min() < -0.5
    assert rollout.actions.abs().max() > 0.99
    free.check_actions(rollout.actions.flatten(0, 1))
    start = 2 * torch.rand(10_000, 2, generator=torch.Generator().manual_seed(0)) - 1
    sent = free.actions_between(start, free.aim(start, start + torch.tensor([1.3, -1.1])))
    assert sent.abs().max() > 0.99999
    free.check_actions(sent)


@pytest.mark.parametrize("border", ["clip", "free"])
def test_a_long_saccade_ends_on_its_way(pictures: PictureSet, border: str):
    world = ImagesWorld(pictures, fovea=12, max_saccade=0.5, border=border)
    assert world.reach == 0.5
    poses = torch.tensor([[0.2, 0.3], [0.2, 0.3], [0.9, 0.5]])
    actions = torch.tensor([[0.6, 0.8], [0.2, 0.4], [1.0, 0.0]])
    moved = world.move(poses, actions)
    last = 39 / 40 if border == "clip" else 1.4
    torch.testing.assert_close(moved, torch.tensor([[0.5, 0.7], [0.4, 0.7], [last, 0.5]]), atol=1e-6, rtol=0)
    assert torch.equal(moved[1], poses[1] + actions[1])


def test_motor_noise_scatters_saccades_in_proportion_to_their_length(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, border="free", motor_noise=0.1)
    seeds = torch.arange(20_000)
    start = torch.tensor([0.4, 0.1]).expand(20_000, 2)
    for saccade in ([0.3, 0.4], [0.0, -0.1], [0.6, 0.0]):
        vector = torch.tensor(saccade)
        length = vector.norm()
        missed = world.land(start, start + vector, seeds, 3) - (start + vector)
        along, across = missed @ (vector / length), missed @ (torch.stack([-vector[1], vector[0]]) / length)
        for part in (along, across):
            assert stats.kstest((part / (0.1 * length)).numpy(), "norm").pvalue > 1e-3
        assert abs(np.corrcoef(along, across)[0, 1]) < 0.03
    other = world.land(start, start + vector, seeds, 4) - (start + vector)
    assert abs(np.corrcoef(missed[:, 0], other[:, 0])[0, 1]) < 0.03
    assert torch.equal(world.land(start, start, seeds, 3), start)


def test_motor_noise_ends_at_the_border_too(pictures: PictureSet):
    poses = ImagesWorld(pictures, fovea=12, motor_noise=1.0).rollout(500, 4, "uniform").poses
    assert poses.min() == 0
    assert poses.max() == np.float32(39 / 40)


def test_an_eye_with_motor_noise_lands_alike_in_environments_and_rollouts(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, motor_noise=0.2, max_saccade=0.6)
    commands = torch.rand(5, 3, 2, generator=torch.Generator().manual_seed(0)) - 0.5
    env = gym.make_vec("SaccadeWorld-v0", 5, world=world, output="torch")
    env.reset(seed=30)
    fixations = [env.step(command)[0]["fixation"] for command in commands.unbind(1)]

    def obey(episodes: Episodes) -> torch.Tensor:
        if episodes.step == 0:
            return world.first_poses(episodes.seeds, episodes.scenes)
        return episodes.poses[:, -1] + commands[:, episodes.step - 1]

    rollout = world.rollout(5, 4, obey, seed=30)
    assert torch.equal(torch.stack(fixations, 1), rollout.poses[:, 1:])
    sent = world.move(rollout.poses[:, :-1], commands) - rollout.poses[:, :-1]
    assert torch.equal(rollout.actions, sent)
    assert ((rollout.poses[:, 1:] - rollout.poses[:, :-1] - sent).abs() > 1e-4).double().mean() > 0.9


def test_limits_leave_what_they_do_not_concern_as_it_was(pictures: PictureSet, images_world: ImagesWorld):
    wide = ImagesWorld(pictures, fovea=12, max_saccade=1.5, border="free")
    for policy in images_world.policies:
        plain, limited = images_world.rollout(30, 5, policy), wide.rollout(30, 5, policy)
        for part in ("views", "poses", "actions"):
            assert torch.equal(getattr(plain, part), getattr(limited, part))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"border": "wrap"}, ValueError, "border='wrap' is not known; use one of 'clip', 'free'"),
        ({"max_saccade": 0.0}, ValueError, "max_saccade=0.0 is out of range; use at least 0.025"),
        ({"max_saccade": "far"}, TypeError, "max_saccade='far' is not a number"),
        ({"motor_noise": -0.1}, ValueError, "motor_noise=-0.1 is out of range; use 0 to 1"),
        ({"motor_noise": True}, TypeError, "motor_noise=True is not a number"),
    ],
)
def test_bad_motion_is_named(pictures: PictureSet, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        ImagesWorld(pictures, fovea=12, **options)


def test_a_bank_can_be_left_on_the_host_and_nowhere_else(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, bank_device="cpu")
    assert torch.equal(world.rollout(8, 3).views, ImagesWorld(pictures, fovea=12).rollout(8, 3).views)
    assert pickle.loads(pickle.dumps(world)).options["bank_device"] == "cpu"
    with pytest.raises(ValueError, match="bank_device='cuda' is not known; use one of 'cpu'"):
        ImagesWorld(pictures, fovea=12, bank_device="cuda")
    with pytest.raises(ValueError, match="bank_device='disk' is not known"):
        make_world("images", count=2, size=32, fovea=8, bank_device="disk")


def test_pictures_that_a_gpu_has_no_room_for_are_told(pictures: PictureSet, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(PictureSet, "to", full)
    with pytest.raises(MemoryError, match=r"6 pictures take 0.0 GB, .* leave them on the host by bank_device='cpu'"):
        ImagesWorld(pictures, fovea=12)
