import math

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws, rotations
from scipy import stats
from scipy.spatial.transform import Rotation


def random_rotations(count: int, purpose: str, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    u = draws.uniform(torch.arange(count), 0, purpose, 3, torch.float64)
    return rotations.uniform(u).to(dtype)


def assert_same_rotation(q: torch.Tensor, expected: Rotation, tolerance: float = 1e-12):
    assert (q[..., 3] >= 0).all()
    errors = np.minimum(*(np.abs(q.numpy() - sign * expected.as_quat()).max(-1) for sign in (1, -1)))
    assert errors.max() < tolerance


def scipy(q: torch.Tensor) -> Rotation:
    return Rotation.from_quat(q.numpy())


P, Q = random_rotations(500, "p"), random_rotations(500, "q")


def test_products_inverses_and_increments_are_scipys():
    assert_same_rotation(rotations.canonical(rotations.multiply(P, Q)), scipy(P) * scipy(Q))
    assert_same_rotation(rotations.inverse(P), scipy(P).inv())
    assert_same_rotation(rotations.compose(P, Q), scipy(P) * scipy(Q))
    assert_same_rotation(rotations.relative(P, Q), scipy(P).inv() * scipy(Q))


def test_an_increment_leads_from_one_pose_to_the_other():
    assert_same_rotation(rotations.compose(P, rotations.relative(P, Q)), scipy(Q))


def test_matrices_are_scipys():
    assert np.abs(rotations.to_matrix(P).numpy() - scipy(P).as_matrix()).max() < 1e-12


def test_euler_angles_are_extrinsic_xyz():
    angles = (2 * draws.uniform(torch.arange(500), 0, "e", 3, torch.float64) - 1) * math.pi
    assert_same_rotation(rotations.from_euler(angles), Rotation.from_euler("xyz", angles.numpy()))


def test_axis_and_angle_are_scipys():
    axis = torch.nn.functional.normalize(draws.normal(torch.arange(500), 0, "a", 3).double(), dim=-1)
    angle = draws.uniform(torch.arange(500), 0, "b", 1, torch.float64)[:, 0] * math.pi
    expected = Rotation.from_rotvec((axis * angle[:, None]).numpy())
    assert_same_rotation(rotations.from_axis_angle(axis, angle), expected)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 1.0, math.pi - 1e-3, math.pi])
def test_angles_between_rotations_are_exact_even_where_they_are_tiny(angle: float):
    axis = torch.tensor([[0.6, 0.0, 0.8]], dtype=torch.float64).expand(500, 3)
    moved = rotations.compose(P, rotations.from_axis_angle(axis, torch.full((500,), angle, dtype=torch.float64)))
    assert torch.allclose(rotations.angle_between(P, moved), torch.tensor(angle, dtype=torch.float64), atol=1e-12)
    assert torch.equal(rotations.angle_between(-P, moved), rotations.angle_between(P, moved))


def test_an_angle_does_not_depend_on_the_other_rows():
    p, q = (random_rotations(500, name, torch.float32) for name in ("p", "q"))
    alone = [rotations.angle_between(p[i : i + 1], q[i : i + 1]) for i in range(500)]
    assert torch.equal(torch.cat(alone), rotations.angle_between(p, q))


def test_half_a_turn_is_pi():
    turned = torch.eye(4)[:3]  # w = 0
    expected = torch.tensor(math.pi).expand(3)
    assert torch.equal(rotations.angle_between(torch.tensor([0.0, 0.0, 0.0, 1.0]), turned), expected)


def test_quaternions_of_any_length_are_normalised_within_bounds():
    q = draws.normal(torch.arange(100_000), 0, "n", 4)
    q[:1000, :3] *= 1e-5  # almost no rotation: w is the whole length
    q[1000:2000] *= 1e5
    unit = rotations.normalise(q)
    assert unit.abs().max() <= 1
    assert (unit.norm(dim=-1) - 1).abs().max() < 1e-6
    assert_same_rotation(unit.double(), Rotation.from_quat(q.double().numpy()), 1e-6)


def test_increments_in_single_precision_stay_within_bounds():
    q = random_rotations(100_000, "s", torch.float32)
    for increment in (rotations.relative(q, q), rotations.relative(q, q.flip(0)), rotations.compose(q, q)):
        assert increment.abs().max() <= 1
        assert increment[:, 3].min() >= 0


def test_uniform_rotations_follow_haar_measure():
    q = random_rotations(20_000, "haar", torch.float32)
    angle = 2 * np.arccos(q[:, 3].clamp(max=1).numpy())
    assert stats.kstest(angle, lambda t: (t - np.sin(t)) / np.pi).pvalue > 1e-3
    turned = rotations.to_matrix(q)[:, :, 0]  # a turned axis is uniform on the sphere, so each coordinate is uniform
    assert min(stats.kstest(part, "uniform", (-1, 2)).pvalue for part in turned.T.numpy()) > 1e-3


def test_a_far_rotation_is_approached_on_the_shortest_way():
    starts, ends = Rotation.random(300, random_state=0), Rotation.random(300, random_state=1)
    p, q = (torch.tensor(r.as_quat(canonical=True), dtype=torch.float32) for r in (starts, ends))
    reached = rotations.toward(p, q, 1.0)
    turns = (starts.inv() * ends).as_rotvec()
    angles = np.linalg.norm(turns, axis=1)
    near = angles < 1
    assert near.sum() > 5
    assert torch.equal(reached[near], q[near])
    expected = starts[~near] * Rotation.from_rotvec(turns[~near] / angles[~near, None])
    assert (Rotation.from_quat(reached[~near].numpy()).inv() * expected).magnitude().max() < 1e-5
    assert torch.equal(rotations.toward(p, p, 1.0), p)
