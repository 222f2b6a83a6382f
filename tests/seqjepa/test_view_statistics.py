import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa.view_statistics import view_statistics
from tiny import tiny_model, tiny_world


def test_one_colour_has_no_deviation_but_can_be_divided_by():
    pictures = torch.tensor([51, 102, 255], dtype=torch.uint8).expand(2, 8, 8, 3).contiguous()
    world = ImagesWorld(PictureSet(pictures, torch.zeros(2, dtype=torch.int64), ("grey",)), fovea=1)
    mean, std = view_statistics(world)
    assert mean == pytest.approx((0.2, 0.4, 1.0))
    assert std == pytest.approx((1e-3, 1e-3, 1e-3))


def test_normalised_views_have_mean_zero_and_deviation_one():
    world = tiny_world(padding=128)
    mean, std = view_statistics(world, "uniform")
    model = tiny_model(mean=mean, std=std)
    views = world.rollout(400, 2, "uniform", seed=3).views
    seen = []
    model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.encode(views)
    torch.testing.assert_close(seen[0].mean((0, 2, 3)), torch.zeros(3), atol=0.03, rtol=0)
    torch.testing.assert_close(seen[0].std((0, 2, 3)), torch.ones(3), atol=0.03, rtol=0)
