import torch
from saccadeworld.envs.augmentations.greyscale import greyscale, luma


def test_luma_is_that_of_pillow_but_for_ties(levels, pillow):
    difference = (luma(levels) - pillow(lambda image: image.convert("L"))).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 1e-3


def test_luma_is_that_of_torchvision(levels, transforms):
    theirs = transforms.rgb_to_grayscale(levels.byte())[:, 0].float()
    assert (luma(levels) - theirs).abs().max() <= 1


def test_chosen_rows_turn_grey(levels):
    chosen = torch.arange(24) % 3 == 0
    got = greyscale(levels, chosen)
    assert torch.equal(got[~chosen], levels[~chosen])
    assert torch.equal(got[chosen], luma(levels[chosen])[:, None].expand(-1, 3, -1, -1))
