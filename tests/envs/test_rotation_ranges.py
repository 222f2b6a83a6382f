import math

import numpy as np
import pytest
import torch
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
