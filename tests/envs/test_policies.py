import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.rollout import Episodes, Policy
from saccadeworld.envs.sources.banks import MeshSet, PictureSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.saliency.models import make_saliency
from scipy import stats
from scipy.spatial.transform import Rotation


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
    expected = make_saliency("spectral-residual")(images_world.pictures)[2].flatten().double()
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


def test_saccades_stop_on_the_way_to_where_they_would_lead(pictures: PictureSet, images_world: ImagesWorld):
    short = ImagesWorld(pictures, fovea=12, max_saccade=0.2)
    for name in ("saliency", "uniform"):
        first, landed = walk(short, short.policies[name], 2, 500).unbind(1)
        assert torch.equal(first, walk(images_world, images_world.policies[name], 1, 500)[:, 0])
        assert (landed - first).norm(dim=1).max() < 0.2 + 1e-6
    chosen = walk(images_world, images_world.policies["uniform"], 2, 500)[:, 1]
    wanted, got = (chosen - first).double(), (landed - first).double()
    far = wanted.norm(dim=1) > 0.2
    assert torch.equal(landed[~far], chosen[~far])
    expected = 0.2 * wanted[far] / wanted[far].norm(dim=1, keepdim=True)
    assert torch.allclose(got[far], expected, atol=1e-6)


def test_nearby_fixations_stay_in_their_square_whatever_limits_saccades(pictures: PictureSet):
    for options in ({"max_saccade": 0.1}, {"border": "free", "motor_noise": 1.0}):
        world = ImagesWorld(pictures, fovea=12, **options)
        seeds = torch.arange(2000)
        episodes = Episodes(world, seeds, world.draw_scenes(seeds))
        for _ in range(5):
            episodes.append(world.policies["nearby"](episodes))
        poses, aims = episodes.poses[:, :-1], episodes.poses[:, :-1] + episodes.actions
        inside = ((poses >= 0) & (poses <= 39 / 40)).all(-1)
        assert (inside.all() and "border" not in options) or 0 < (~inside).sum() < inside.sum()
        assert ((40 * episodes.actions[inside]).abs() <= 6.5 + 1e-4).all()  # from the pixel that the eye is nearest to
        assert ((aims > -1e-6) & (aims < 39 / 40 + 1e-6)).all()


@pytest.mark.parametrize("name", ["inner", "outer", "3diebench-outer"])
def test_nearby_rotations_stay_in_the_region_of_their_range(meshes: MeshSet, name: str):
    world = ObjectsWorld(meshes, size=12, rotations=name)
    poses = walk(world, world.policies["nearby"], 12, 300)
    angles = Rotation.from_quat(poses.flatten(0, 1).double().numpy()).magnitude()
    assert (angles < math.pi / 2 + 1e-6).all() if name == "inner" else (angles > math.pi / 2 - 1e-6).all()
    turns = rotations.angle_between(poses[:, :-1], poses[:, 1:])
    assert turns.max() < math.pi / 4 + 1e-5
    near_border = abs(angles.reshape(300, 12)[:, :-1] - math.pi / 2) < 0.1
    assert near_border.sum() > 100
    assert (turns.numpy()[near_border] > 0).mean() > 0.99


def test_uniform_poses_have_latents_uniform_over_their_ranges(meshes: MeshSet):
    world = ObjectsWorld(meshes, size=12, latents="all")
    poses = walk(world, world.policies["uniform"], 2, 4000)
    for step in range(2):
        for latent, high in zip(poses[:, step, 4:].T, (1, math.pi / 4, 2 * math.pi, 1), strict=True):
            assert stats.kstest(latent.numpy(), "uniform", (0, high)).pvalue > 1e-3
    assert abs(np.corrcoef(poses[:, :, 4:].flatten(1).T.numpy()) - np.eye(8)).max() < 0.06


def test_nearby_poses_have_latents_uniform_within_an_eighth_of_their_range(meshes: MeshSet):
    world = ObjectsWorld(meshes, size=12, latents="all")
    before, after = (walk(world, world.policies["nearby"], 3, 4000)[:, step, 4:].double() for step in (1, 2))
    shares = (after - before) / torch.tensor([1, math.pi / 4, 2 * math.pi, 1], dtype=torch.float64)
    for i in (0, 2, 3):
        around = torch.remainder(shares[:, i] + 0.5, 1) - 0.5
        assert (shares[:, i].abs() > 0.5).sum() > 50  # some have gone round
        assert stats.kstest(around.numpy(), "uniform", (-1 / 8, 1 / 4)).pvalue > 1e-3
    share = before[:, 1] / (math.pi / 4)
    low, high = (share - 1 / 8).clamp_min(0), (share + 1 / 8).clamp_max(1)
    assert (high - low < 0.2).sum() > 200  # some are cut
    within = (after[:, 1] / (math.pi / 4) - low) / (high - low)
    assert stats.kstest(within.numpy(), "uniform").pvalue > 1e-3
