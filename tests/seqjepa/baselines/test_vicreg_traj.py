import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import vicreg_terms
from saccadeworld.seqjepa.baselines.vicreg_traj import trajectory_loss
from tiny_baselines import cosine, embeddings, head, tiny_baseline, tiny_batch


def written_out(left: np.ndarray, centre: np.ndarray, right: np.ndarray, unit: bool) -> float:
    length = (centre**2).sum(1, keepdims=True) if unit else 1
    v1, v2 = centre - left, right - centre
    u1, u2 = (v - (v * centre).sum(1, keepdims=True) * centre / length for v in (v1, v2))
    return -cosine(u1, u2).mean()


@pytest.mark.parametrize("compatibility", ["mended", "official"])
def test_loss_adds_the_trajectory_of_three_views(compatibility):
    model, batch = tiny_baseline("vicreg-traj", trajectory_weight=2.0, compatibility=compatibility), tiny_batch()
    rows = [head(model.projector, embeddings(model, batch.views[:, i])) for i in (0, 1, 2)]
    terms = vicreg_terms(torch.from_numpy(rows[0]), torch.from_numpy(rows[1]))
    trajectory = written_out(*rows, unit=compatibility == "mended")
    parts = model.loss_parts(batch)
    assert parts["trajectory"].item() == pytest.approx(trajectory, rel=1e-3)
    expected = 10 * terms.invariance + 10 * terms.variance + terms.covariance + 2 * trajectory
    assert parts["loss"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_straight_trajectory_has_the_least_loss():
    """Great circles are straight: what leads out of the sphere does not count."""
    angles = torch.tensor([-0.3, 0.0, 0.3])
    circle = torch.stack([angles.cos(), angles.sin(), torch.zeros(3)], 1)[:, None]
    assert trajectory_loss(*circle).item() == pytest.approx(-1)
    assert trajectory_loss(*(5 * circle)).item() == pytest.approx(-1)
    back = circle[[0, 1, 0]]
    assert trajectory_loss(*back).item() == pytest.approx(1)
    turn = torch.tensor([[1.0, 0.0, 0.2]])
    assert trajectory_loss(circle[0], circle[1], turn).item() == pytest.approx(0, abs=1e-6)


def test_without_the_division_only_short_projections_are_projected():
    random = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(3, 20, 5, generator=random, dtype=torch.float64), dim=-1)
    torch.testing.assert_close(trajectory_loss(*points, unit=False), trajectory_loss(*points))
    long = trajectory_loss(*(10 * points), unit=False)
    assert long > 0.9, "what is left points along the centre, and back"


def test_gradient():
    random = torch.Generator().manual_seed(0)
    points = torch.randn(3, 4, 5, generator=random, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: trajectory_loss(*x), points)


def test_two_views_are_too_few():
    with pytest.raises(ValueError, match="vicreg-traj needs sequences of at least 3 views, got 2"):
        tiny_baseline("vicreg-traj").loss(tiny_batch(length=2))


def test_defaults_are_the_papers():
    assert type(tiny_baseline("vicreg-traj")).Config(action_dim=2).trajectory_weight == 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trajectory_weight": -1.0}, "trajectory_weight=-1.0 is out"),
        ({"compatibility": "new"}, "compatibility='new'"),
    ],
    ids=str,
)
def test_impossible_configurations_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        tiny_baseline("vicreg-traj", **options)
