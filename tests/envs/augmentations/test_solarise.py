import torch
from PIL import ImageOps
from saccadeworld.envs.augmentations.solarise import solarise


def test_chosen_rows_are_those_of_pillow(levels, pillow):
    chosen = torch.arange(24) % 2 == 1
    got = solarise(levels, chosen)
    assert torch.equal(got[chosen], pillow(ImageOps.solarize)[chosen])
    assert torch.equal(got[~chosen], levels[~chosen])


def test_all_levels():
    every = torch.arange(256.0)[None, None, None]
    expected = torch.tensor([[[[level if level < 128 else 255 - level for level in range(256)]]]], dtype=torch.float32)
    assert torch.equal(solarise(every, torch.tensor([True])), expected)
