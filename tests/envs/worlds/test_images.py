import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld


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
