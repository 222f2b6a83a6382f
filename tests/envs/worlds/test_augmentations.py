import gymnasium as gym
import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.augmentations.official import normalise_over_sequence
from saccadeworld.envs.augmentations.parameters import draw_hidden, draw_parameters
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import AugmentationsWorld

SEEDS = torch.arange(50)
DIMENSIONS = {"all": 9, "crop": 4, "jitter": 4, "blur": 1}


@pytest.fixture(scope="module")
def whole(pictures: PictureSet) -> AugmentationsWorld:
    return AugmentationsWorld(pictures)


def test_episodes_of_tasks_begin_with_the_picture_as_it_is(pictures: PictureSet, whole: AugmentationsWorld):
    for world in (whole, AugmentationsWorld(pictures, latents="jitter"), AugmentationsWorld(pictures, blur=False)):
        views = world.views(torch.arange(6), world.first_poses(SEEDS[:6], torch.arange(6)))
        assert torch.equal(views, pictures.pictures.permute(0, 3, 1, 2))
    assert whole.view_shape == (3, 40, 40)


@pytest.mark.parametrize("latents", DIMENSIONS)
def test_the_order_of_the_pose_does_not_change_what_is_drawn(pictures: PictureSet, latents: str):
    """Whatever part of it actions change, an episode has the same views."""
    world = AugmentationsWorld(pictures, latents=latents, target_view=2)
    rollout = world.rollout(50, 3)
    assert world.action_dim == DIMENSIONS[latents]
    assert rollout.poses.shape == (50, 3, 13)
    assert torch.equal(rollout.views, AugmentationsWorld(pictures, target_view=2).rollout(50, 3).views)
    first = {"all": 0, "crop": 0, "jitter": 4, "blur": 8}[latents]
    for step in range(3):
        nine = draw_parameters(SEEDS, step, 40, step == 2)
        acted = nine[:, first : first + world.action_dim]
        torch.testing.assert_close(rollout.poses[:, step, : world.action_dim], acted)
        assert torch.equal(rollout.poses[:, step, -4:], draw_hidden(SEEDS, step, step == 2))
        torch.testing.assert_close(rollout.poses[:, step, :9].sort().values, nine.sort().values)


def test_without_blur_nothing_is_blurred_and_its_number_is_missing(pictures: PictureSet, whole: AugmentationsWorld):
    world = AugmentationsWorld(pictures, blur=False)
    rollout, blurred = world.rollout(50, 2), whole.rollout(50, 2)
    assert (world.action_dim, rollout.poses.shape[-1]) == (8, 12)
    assert torch.equal(rollout.actions, blurred.actions[..., :8])
    poses = blurred.poses.clone()
    poses[..., 8] = 0
    views = whole.views(blurred.scenes.repeat_interleave(2), poses.flatten(0, 1))
    assert torch.equal(rollout.views.flatten(0, 1), views)


def test_the_target_is_solarised_at_times_and_rarely_blurred(pictures: PictureSet):
    rollout = AugmentationsWorld(pictures, target_view=2).rollout(2000, 4)
    blurred, solarised = (rollout.poses[..., i].ne(0).float().mean(0) for i in (8, 11))
    assert blurred.tolist() == pytest.approx([1, 1, 0.1, 1], abs=0.025)
    assert solarised.tolist() == pytest.approx([0, 0, 0.2, 0], abs=0.03)


def test_a_vector_environment_draws_its_target_by_the_step_of_each_row(pictures: PictureSet):
    world = AugmentationsWorld(pictures, latents="crop", target_view=3)
    env = gym.make_vec("SaccadeWorld-v0", 60, world=world, output="torch", max_episode_steps=10)
    env.reset(seed=0)
    env.step(torch.zeros(60, 4))
    env.reset(seed=100, options={"reset_mask": np.arange(60) < 30})
    for _ in range(2):
        observation, *_ = env.step(torch.zeros(60, 4))
    assert observation["step"].flatten().tolist() == [2] * 30 + [3] * 30
    blurred = observation["parameters"][:, 8] > 0
    assert blurred[:30].all()
    assert blurred[30:].float().mean() < 0.4


def test_actions_are_added_and_end_at_the_bounds(whole: AugmentationsWorld):
    start = whole.first_poses(SEEDS[:3], SEEDS[:3])
    actions = torch.zeros(3, 9)
    actions[0] = torch.tensor([0.25, 0.5, -0.5, -0.5, 0.125, -0.125, 0.25, -0.25, 0.75])
    actions[1, :4] = torch.tensor([1.0, 0.5, -0.25, -1.0])
    actions[2, 4:] = torch.tensor([1.0, -1.0, 0.75, -0.75, -1.0])
    moved = whole.move(start, actions)[:, :9].tolist()
    assert moved[0] == [0.25, 0.5, 0.5, 0.5, 0.125, -0.125, 0.25, -0.25, 0.75]
    assert moved[1] == [0.25, 0.5, 0.75, 0.25, 0, 0, 0, 0, 0]
    assert moved[2] == [0, 0, 1, 1, 0.5, -0.5, 0.5, -0.5, 0]
    back = whole.move(whole.move(start, actions), -actions)
    assert torch.equal(back[0], start[0])


def test_a_policy_that_leaves_the_bounds_is_shown_what_its_poses_tell(whole: AugmentationsWorld):
    rollout = whole.rollout(4, 3, lambda episodes: torch.full((4, 9), 1.5 - 2 * episodes.step))
    low, high = torch.tensor(whole.pose_low), torch.tensor(whole.pose_high)
    assert ((rollout.poses >= low) & (rollout.poses <= high)).all()
    assert torch.equal(rollout.poses[:, 0, :4], torch.tensor([0.0, 0, 1, 1]).expand(4, 4))
    assert torch.equal(rollout.views[:, 1], whole.views(rollout.scenes, rollout.poses[:, 1]))


def test_choices_are_crops_on_a_grid_and_steps(pictures: PictureSet, whole: AugmentationsWorld):
    poses = whole.rollout(5, 1).poses[:, 0]
    reached = whole.move(poses[:, None].expand(-1, 20, -1), whole.choices(poses))
    corners = [(row, col) for row in (0, 0.25, 0.5) for col in (0, 0.25, 0.5)]
    expected = torch.tensor([(0, 0, 1, 1), *((row, col, 0.5, 0.5) for row, col in corners)])
    assert whole.choice_count == 20
    torch.testing.assert_close(reached[:, :10, :4], expected.expand(5, 10, 4))
    assert torch.equal(reached[:, :10, 4:], poses[:, None, 4:].expand(-1, 10, -1))
    steps = torch.cat([torch.eye(5), -torch.eye(5)]) / 4
    assert torch.equal(whole.choices(poses)[:, 10:], torch.nn.functional.pad(steps, (4, 0)).expand(5, 10, 9))
    for latents, count in (("crop", 10), ("jitter", 8), ("blur", 2)):
        world = AugmentationsWorld(pictures, latents=latents)
        assert world.choices(poses).shape == (5, world.choice_count, world.action_dim) == (5, count, world.action_dim)


def test_distances_are_euclidean_in_what_actions_change(pictures: PictureSet, whole: AugmentationsWorld):
    start, end = whole.rollout(50, 2).poses.double().unbind(1)
    assert torch.allclose(whole.distance(start, end), (start - end)[:, :9].norm(dim=1))
    crops = AugmentationsWorld(pictures, latents="crop")
    assert torch.allclose(crops.distance(start, end), (start - end)[:, :4].norm(dim=1))
    assert crops.distance(torch.zeros(4), torch.tensor([0.3, 0.0, 0.4, 0.0])).item() == pytest.approx(0.5)


def test_official_actions_are_normalised_over_the_sequence(pictures: PictureSet):
    """In factors, turns and pixels; whatever their part in the pose. Poses and views stay as they are."""
    plain = AugmentationsWorld(pictures).rollout(50, 4)
    poses = plain.poses
    values = torch.cat([poses[..., :4], 1 + poses[..., 4:7] * torch.tensor([0.8, 0.8, 0.4]), poses[..., 7:9]], dim=-1)
    _, expected = normalise_over_sequence(values)
    for latents, part in (("all", slice(9)), ("jitter", slice(4, 8)), ("blur", slice(8, 9))):
        world = AugmentationsWorld(pictures, latents=latents, official=True)
        rollout = world.rollout(50, 4)
        torch.testing.assert_close(rollout.actions, expected[..., part])
        assert torch.equal(rollout.views, plain.views)
        assert torch.equal(rollout.poses[..., -4:], plain.poses[..., -4:])
    with pytest.raises(ValueError, match="official=True: actions normalised over a sequence move nothing"):
        world.move(rollout.poses[:, 0], rollout.actions[:, 0])


def test_a_frame_shows_the_picture_the_crop_and_the_view(pictures: PictureSet, whole: AugmentationsWorld):
    poses = whole.first_poses(SEEDS[:1], SEEDS[:1])
    poses[:, :4] = torch.tensor([0.25, 0.5, 0.5, 0.25])
    frame = whole.frame(2, poses)
    assert frame.shape == (384, 384 + 8 + 384, 3)
    plain = np.asarray(Image.fromarray(pictures.pictures[2].numpy()).resize((384, 384), Image.Resampling.NEAREST))
    outlined = (frame[:, :384] != plain).any(-1)
    rows, cols = np.flatnonzero(outlined.any(1)), np.flatnonzero(outlined.any(0))
    assert (rows[0], rows[-1], cols[0], cols[-1]) == pytest.approx((96, 287, 192, 287), abs=1)
    assert not outlined[104:280, 200:280].any()
    view = whole.views(torch.tensor([2]), poses)[0].permute(1, 2, 0).numpy()
    enlarged = np.asarray(Image.fromarray(view).resize((384, 384), Image.Resampling.NEAREST))
    assert np.array_equal(frame[:, 392:], enlarged)


def test_views_have_the_size_that_is_asked_for(pictures: PictureSet):
    assert AugmentationsWorld(pictures, view_size=17).rollout(2, 2).views.shape == (2, 2, 3, 17, 17)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"latents": "hue"}, ValueError, "latents='hue' is not known; use one of 'all', 'crop', 'jitter', 'blur'"),
        ({"latents": "blur", "blur": False}, ValueError, "latents='blur' needs the blur: leave blur=False out"),
        ({"blur": "no"}, TypeError, "blur='no' is neither True nor False"),
        ({"official": 1}, TypeError, "official=1 is neither True nor False"),
        ({"view_size": 0}, ValueError, "view_size=0 is out of range; use 1 to 8192"),
        ({"view_size": 32.5}, TypeError, "view_size=32.5 is not a whole number"),
        ({"target_view": 0}, ValueError, "target_view=0 is out of range; use 1 to 1000000"),
        ({"fovea": 12}, TypeError, "the world 'augmentations' has no option 'fovea'; it takes .*'latents'"),
    ],
)
def test_bad_options_are_named(options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make_world("augmentations", count=1, size=32, **options)
