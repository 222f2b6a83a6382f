import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.rollout import Episodes, Policy
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.saliency.spectral_residual import spectral_residual
from scipy import stats


def walk(world: World, policy: Policy, length: int, count: int, scene: int | None = None) -> torch.Tensor:
    """(count, length, P) poses, without views."""
    seeds = torch.arange(count)
    scenes = world.draw_scenes(seeds) if scene is None else torch.full((count,), scene)
    episodes = Episodes(world, seeds, scenes)
    for _ in range(length):
        episodes.append(policy(episodes))
    return episodes.poses


@pytest.fixture(scope="module")
def fixations(images_world: ImagesWorld) -> Callable[..., torch.Tensor]:
    def pixels(policy: str, length: int, count: int, scene: int | None = None) -> torch.Tensor:
        places = walk(images_world, images_world.policies[policy], length, count, scene) * images_world.side
        assert (places - places.round()).abs().max() < 1e-4
        return places.round().long()

    return pixels


def test_uniform_fixations_are_uniform_and_independent(fixations: Callable[..., torch.Tensor]):
    pixels = fixations("uniform", 2, 50_000)
    for step in range(2):
        counts = torch.bincount(pixels[:, step, 0] * 40 + pixels[:, step, 1], minlength=1600)
        assert stats.chisquare(counts.numpy()).pvalue > 1e-3
    before_after = np.histogram2d(*(pixels[:, step, 0].numpy() for step in range(2)), bins=10)[0]
    assert stats.chi2_contingency(before_after).pvalue > 1e-3


def test_salient_fixations_follow_the_saliency_map(fixations: Callable[..., torch.Tensor], images_world: ImagesWorld):
    pixels = fixations("saliency", 1, 50_000, scene=2)[:, 0]
    counts = torch.bincount(pixels[:, 0] * 40 + pixels[:, 1], minlength=1600)
    expected = spectral_residual(images_world.pictures)[2].flatten().double()
    assert stats.chisquare(counts.numpy(), (expected / expected.sum() * 50_000).numpy()).pvalue > 1e-3


def test_salient_fixations_inhibit_return(fixations: Callable[..., torch.Tensor]):
    pixels = fixations("saliency", 5, 500).double()
    apart = torch.cdist(pixels, pixels) + 1e9 * torch.eye(5)
    assert apart.min() > 6  # half a fovea of 12 pixels


def test_nearby_fixations_are_uniform_in_a_square_cut_at_the_border(fixations: Callable[..., torch.Tensor]):
    before, after = fixations("nearby", 2, 50_000).unbind(1)
    low, high = (before - 6).clamp(min=0), (before + 6).clamp(max=39)
    assert ((after >= low) & (after <= high)).all()
    inside = ((before >= 6) & (before <= 33)).all(1)
    assert inside.sum() > 10_000
    steps = (after - before + 6)[inside]
    counts = torch.bincount(steps[:, 0] * 13 + steps[:, 1], minlength=169)
    assert stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_nearby_fixations_begin_where_salient_ones_do(fixations: Callable[..., torch.Tensor]):
    assert torch.equal(fixations("nearby", 1, 100), fixations("saliency", 1, 100))


def test_uniform_rotations_are_drawn_afresh(objects_world: ObjectsWorld):
    poses = walk(objects_world, objects_world.policies["uniform"], 3, 200)
    for step in range(3):
        assert torch.equal(poses[:, step], objects_world.range(torch.arange(200), step))


def test_nearby_rotations_turn_a_little_about_any_axis(objects_world: ObjectsWorld):
    poses = walk(objects_world, objects_world.policies["nearby"], 3, 5000)
    assert torch.equal(poses[:, 0], objects_world.range(torch.arange(5000), 0))
    turns = rotations.relative(poses[:, :-1], poses[:, 1:]).flatten(0, 1)
    angles = 2 * torch.atan2(turns[:, :3].norm(dim=1), turns[:, 3])
    assert stats.kstest(angles.numpy(), "uniform", (0, math.pi / 4)).pvalue > 1e-3
    axes = turns[:, :3] / turns[:, :3].norm(dim=1, keepdim=True)
    assert min(stats.kstest(part[angles > 0.05], "uniform", (-1, 2)).pvalue for part in axes.T) > 1e-3
