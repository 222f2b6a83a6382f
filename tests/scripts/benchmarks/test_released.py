import torch
from saccadeworld.envs.retinas.official import Official
from saccadeworld.scripts.benchmarks.released import released_pipeline

SIDE, FOVEA, LENGTH = 96, 32, 5


def test_it_shows_what_the_official_retina_shows_and_does_not_return():
    random = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, SIDE, SIDE, 3), generator=random, dtype=torch.uint8)
    maps = torch.rand(2, SIDE, SIDE, generator=random)
    scenes = torch.tensor([1, 0, 1])
    views, pixels = released_pipeline(pictures, maps / maps.sum((1, 2), keepdim=True), scenes, LENGTH, FOVEA)()
    fixations = (pixels / SIDE).flatten(0, 1).float()
    expected = Official(pictures, FOVEA)(scenes.repeat_interleave(LENGTH), fixations).unflatten(0, (3, LENGTH))
    assert (views.int() - expected.int()).abs().max() <= 1
    apart = (pixels[:, :, None] - pixels[:, None]).abs().amax(-1) + 100 * torch.eye(LENGTH, dtype=torch.int64)
    assert apart.min() > FOVEA // 2


def test_fixations_follow_the_map():
    maps = torch.zeros(1, SIDE, SIDE)
    maps[0, 10, 20], maps[0, 80, 70] = 0.75, 0.25
    pictures = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    pixels = released_pipeline(pictures, maps, torch.zeros(400, dtype=torch.int64), 2, FOVEA)()[1]
    first = (pixels[:, 0] == torch.tensor([10, 20])).all(1)
    assert abs(first.float().mean() - 0.75) < 0.09
    assert (pixels[first, 1] == torch.tensor([80, 70])).all()
