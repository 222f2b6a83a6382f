import math

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.rotation_ranges import ROTATION_RANGES, rotation_range
from scipy import stats
from scipy.spatial.transform import Rotation

SEEDS = torch.arange(5000)
LIMITS = {"turntable": (math.radians(15), math.radians(15), math.pi / 2), "3diebench": (math.pi / 2,) * 3}


@pytest.mark.parametrize("name", LIMITS)
def test_euler_angles_are_uniform_within_their_limits(name: str):
    q = rotation_range(name)(SEEDS, 3)
    angles = Rotation.from_quat(q.double().numpy()).as_euler("xyz")
    for angle, limit in zip(angles.T, LIMITS[name], strict=True):
        assert np.abs(angle).max() <= limit + 1e-3
        assert stats.kstest(angle, "uniform", (-limit, 2 * limit)).pvalue > 1e-3


def test_all_rotations_follow_haar_measure():
    angle = Rotation.from_quat(rotation_range("so3")(SEEDS, 0).double().numpy()).magnitude()
    assert stats.kstest(angle, lambda t: (t - np.sin(t)) / np.pi).pvalue > 1e-3


def share_below(angle: np.ndarray | float) -> np.ndarray | float:
    """Of uniform rotations, the share by less than an angle: the integral of (1 - cos t) / pi."""
    return (angle - np.sin(angle)) / np.pi


@pytest.mark.parametrize(("name", "low", "high"), [("inner", 0.0, math.pi / 2), ("outer", math.pi / 2, math.pi)])
def test_inner_and_outer_rotations_follow_haar_measure_on_their_region(name: str, low: float, high: float):
    turns = Rotation.from_quat(rotation_range(name)(torch.arange(50_000), 2).double().numpy())
    angles = turns.magnitude()
    assert low - 1e-6 < angles.min()
    assert angles.max() < high + 1e-6
    whole = share_below(high) - share_below(low)
    assert stats.kstest(angles, lambda t: (share_below(t) - share_below(low)) / whole).pvalue > 1e-3
    axes = turns.as_rotvec() / angles[:, None]
    for direction in Rotation.random(3, random_state=0).as_matrix().reshape(-1, 3):
        assert stats.kstest(np.abs(axes @ direction), "uniform").pvalue > 1e-3  # Archimedes' hat box


def test_inner_and_outer_rotations_are_as_uniform_ones_below_and_above_the_limit():
    every = Rotation.from_quat(rotation_range("so3")(torch.arange(30_000), 0).double().numpy())
    for name, part in (("inner", every.magnitude() < math.pi / 2), ("outer", every.magnitude() >= math.pi / 2)):
        drawn = Rotation.from_quat(rotation_range(name)(torch.arange(10_000), 0).double().numpy())
        for one, other in zip(
            drawn.as_matrix().reshape(-1, 9).T, every[part].as_matrix().reshape(-1, 9).T, strict=True
        ):
            assert stats.ks_2samp(one, other).pvalue > 1e-3


@pytest.mark.parametrize("prefix", ["", "3diebench-"])
def test_inner_and_outer_are_disjoint_and_the_shortest_way_between_inner_ones_is_inner(prefix: str):
    inner, outer = (rotation_range(prefix + name)(SEEDS, 0) for name in ("inner", "outer"))
    w = math.cos(math.pi / 4)  # of canonical quaternions, 90 degrees from the identity
    assert inner[:, 3].min() > w - 1e-6
    assert outer[:, 3].min() >= 0
    assert outer[:, 3].max() < w + 1e-6
    start, end = (Rotation.from_quat(q.double().numpy()) for q in (inner[:2500], inner[2500:]))
    for share in (0.25, 0.5, 0.75):
        between = start * Rotation.from_rotvec(share * (start.inv() * end).as_rotvec())
        assert between.magnitude().max() < math.pi / 2 + 1e-6


@pytest.mark.parametrize(("name", "share"), [("3diebench-inner", 0.644), ("3diebench-outer", 0.356)])
def test_restricted_ranges_are_the_draws_of_3diebench_that_lie_in_the_region(name: str, share: float):
    every = rotation_range("3diebench")(SEEDS, 0)
    inner = torch.from_numpy(Rotation.from_quat(every.double().numpy()).magnitude() < math.pi / 2)
    held = inner if name == "3diebench-inner" else ~inner
    assert held.double().mean().item() == pytest.approx(share, abs=0.02)
    drawn = rotation_range(name)(SEEDS, 0)
    assert torch.equal(drawn[held], every[held])
    angles, expected = (Rotation.from_quat(q.double().numpy()).as_euler("xyz") for q in (drawn[~held], every[held]))
    for one, other in zip(angles.T, expected.T, strict=True):
        assert stats.ks_2samp(one, other).pvalue > 1e-3


def test_the_held_out_euler_angles_of_3diebench_are_its_training_rotations():
    random = np.random.default_rng(0)
    beyond = random.choice([-1, 1], (5000, 3)) * random.uniform(math.pi / 2, math.pi, (5000, 3))
    q = rotations.from_euler(torch.tensor(beyond))
    assert (Rotation.from_quat(q.numpy()) * Rotation.from_euler("xyz", beyond).inv()).magnitude().max() < 1e-6
    within = Rotation.from_quat(q.numpy()).as_euler("xyz")
    assert np.abs(within).max() <= math.pi / 2
    for angle in within.T:
        assert stats.kstest(angle, "uniform", (-math.pi / 2, math.pi)).pvalue > 1e-3


@pytest.mark.parametrize("name", ROTATION_RANGES)
def test_poses_are_canonical_and_change_with_the_step(name: str):
    first, second = (ROTATION_RANGES[name](SEEDS, step) for step in (0, 1))
    assert first.shape == (5000, 4)
    assert first.dtype == torch.float32
    assert (first[:, 3] >= 0).all()
    assert (first.norm(dim=1) - 1).abs().max() < 1e-6
    assert not (first == second).all(1).any()
    assert torch.equal(ROTATION_RANGES[name](SEEDS[7:8], 0)[0], first[7])


def test_an_unknown_range_is_refused():
    with pytest.raises(ValueError, match=r"rotations='all' is not known; use one of 'turntable', '3diebench', 'so3'"):
        rotation_range("all")
