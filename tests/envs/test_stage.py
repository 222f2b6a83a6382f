import math

import pytest
import torch
from saccadeworld.envs.stage import StageLatents

ALL = StageLatents("all", torch.device("cpu"))


def test_differences_are_shares_of_ranges_and_go_the_short_way_round():
    start = torch.tensor([[0.9, 0.1, 6.0, 0.25], [0.1, math.pi / 4, 0.5, 0.5]])
    end = torch.tensor([[0.2, 0.3, 0.3, 0.5], [0.9, 0.0, 6.1, 0.5]])
    expected = torch.tensor(
        [
            [0.3, 0.2 / (math.pi / 4), 1 - 5.7 / (2 * math.pi), 0.25],
            [-0.2, -1.0, 5.6 / (2 * math.pi) - 1, 0.0],
        ]
    )
    torch.testing.assert_close(ALL.between(start, end), expected, atol=1e-6, rtol=0)


def test_differences_lead_from_one_to_the_other():
    high = torch.tensor([1, math.pi / 4, 2 * math.pi, 1])
    random = torch.Generator().manual_seed(0)
    start, end = (torch.rand(1000, 4, generator=random) * high for _ in range(2))
    between = ALL.between(start, end)
    assert (between[:, [0, 2, 3]].abs() <= 0.5).all()
    assert (between[:, 1].abs() <= 1).all()
    torch.testing.assert_close(ALL.add(start, between), end, atol=3e-6, rtol=0)
    assert ((ALL.add(start, 2 * between) >= 0) & (ALL.add(start, 2 * between) <= high)).all()


def test_hues_and_azimuth_go_round_and_the_polar_angle_ends():
    moved = ALL.add(torch.tensor([0.75, 0.7, 6.0, 0.25]), torch.tensor([0.5, 0.5, 0.25, -0.5]))
    torch.testing.assert_close(moved, torch.tensor([0.25, math.pi / 4, 6.0 - 1.5 * math.pi, 0.75]))


def test_the_same_change_is_given_the_short_way():
    shortest = ALL.shortest(torch.tensor([[0.75, 0.75, -0.75, 0.5], [1.0, -1.0, 0.25, -0.5]]))
    assert torch.equal(shortest, torch.tensor([[-0.25, 0.75, 0.25, 0.5], [0.0, -1.0, 0.25, -0.5]]))


def test_colours_are_the_hues_of_floor_and_light():
    colours = StageLatents("rotcolor", torch.device("cpu"))
    assert colours.order == (0, 3, 1, 2)
    theirs, others = colours.split(torch.tensor([[0.0, 1, 2, 3]]))
    assert (theirs.tolist(), others.tolist()) == ([[0, 3]], [[1, 2]])


def test_unknown_latents_are_refused():
    with pytest.raises(ValueError, match="latents='hue' is not known; use one of 'rotation', 'rotcolor', 'all'"):
        StageLatents("hue", torch.device("cpu"))
