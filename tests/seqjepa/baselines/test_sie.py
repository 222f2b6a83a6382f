import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.sie import LinearHypernetwork
from tiny_baselines import array, embeddings, head, tiny_baseline, tiny_batch

WEIGHTS = {"invariance_weight": 2.0, "equivariance_weight": 3.0, "variance_weight": 5.0, "covariance_weight": 7.0}


def matrices(weight: torch.Tensor, actions: np.ndarray) -> np.ndarray:
    """M(a) of each action: (B, P, P)."""
    width, side = weight.shape
    return np.einsum("bd,jdk->bjk", actions, array(weight).reshape(width, side // width, width))


def hinge(x: np.ndarray) -> float:
    return np.maximum(0, 1 - np.sqrt(x.var(0, ddof=1) + 1e-4)).mean()


def covariance(x: np.ndarray) -> float:
    table = np.cov(x, rowvar=False)
    return ((table**2).sum() - (np.diag(table) ** 2).sum()) / x.shape[1]


def test_loss_term_by_term():
    model, batch = tiny_baseline("sie", **WEIGHTS), tiny_batch()
    z1, z2 = (embeddings(model, batch.views[:, i]) for i in (0, 1))
    same1, same2 = (head(model.invariant_projector, z[:, :8]) for z in (z1, z2))
    moved1, moved2 = (head(model.equivariant_projector, z[:, 8:]) for z in (z1, z2))
    prediction = np.einsum("bjk,bk->bj", matrices(model.predictor.weight, array(batch.actions[:, 0])), moved1)
    whole1, whole2 = np.concatenate([same1, moved1], 1), np.concatenate([same2, moved2], 1)
    terms = {
        "invariance": ((same1 - same2) ** 2).mean(),
        "equivariance": ((prediction - moved2) ** 2).mean(),
        "variance": (hinge(whole1) + hinge(whole2)) / 2,
        "prediction_variance": hinge(prediction),
        "covariance": covariance(whole1) + covariance(whole2),
    }
    parts = model.loss_parts(batch)
    for name, term in terms.items():
        assert parts[name].item() == pytest.approx(term, rel=1e-4, abs=1e-6), name
    weights = {**WEIGHTS, "prediction_variance_weight": WEIGHTS["variance_weight"]}
    loss = sum(weights[f"{name}_weight"] * term for name, term in terms.items())
    assert parts["loss"].item() == pytest.approx(loss, rel=1e-4)


def test_each_half_is_asked_for_its_own():
    """No gradient of the invariance reaches the equivariant half, nor the other way round."""
    for weight, untouched in (("invariance_weight", slice(8, 16)), ("equivariance_weight", slice(0, 8))):
        none = dict.fromkeys(WEIGHTS, 0.0)
        model = tiny_baseline("sie", **none | {weight: 1.0})
        seen = []
        model.encode = recorded(seen)
        model.loss(tiny_batch()).backward()
        for z in seen:
            assert z.grad[:, untouched].abs().max() == 0
            assert z.grad.abs().max() > 0


def recorded(seen: list):
    """An encoder of noise that keeps what it gave."""

    def encode(views: torch.Tensor) -> torch.Tensor:
        seen.append(torch.randn(len(views), 16, requires_grad=True))
        return seen[-1]

    return encode


@pytest.mark.parametrize("shape", [(5,), (3, 4)], ids=str)
def test_hypernetwork_multiplies_by_the_matrix_of_the_action(shape):
    torch.manual_seed(0)
    network = LinearHypernetwork(3, 7).double()
    x, actions = torch.randn(*shape, 7).double(), torch.randn(*shape, 3).double()
    expected = np.einsum("bjk,bk->bj", matrices(network.weight, array(actions.flatten(0, -2))), array(x.flatten(0, -2)))
    torch.testing.assert_close(network(x, actions).flatten(0, -2), torch.from_numpy(expected))


def test_hypernetwork_begins_as_a_linear_layer_from_the_action():
    torch.manual_seed(0)
    weight = LinearHypernetwork(4, 64).weight
    like = torch.nn.Linear(4, 64 * 64, bias=False).weight
    assert weight.abs().max() <= 0.5
    assert weight.std().item() == pytest.approx(like.std().item(), rel=0.02)


def test_rotations_can_be_predicted_exactly():
    """The map is linear in the action: matrices that turn the plane are of that form in (cos, sin)."""
    network = LinearHypernetwork(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.0, 0, 0, -1], [0, 1, 1, 0]]))
    angles = torch.linspace(0, 6, 9)
    turned = network(torch.tensor([1.0, 0.0]).expand(9, 2), torch.stack([angles.cos(), angles.sin()], 1))
    torch.testing.assert_close(turned, torch.stack([angles.cos(), angles.sin()], 1))


def test_a_collapsed_network_pays_for_its_variance():
    model = tiny_baseline("sie")
    with torch.no_grad():
        for projector in (model.invariant_projector, model.equivariant_projector):
            projector.layers[-1].weight.zero_()
    parts = model.loss_parts(tiny_batch())
    assert parts["variance"].item() == pytest.approx(0.99)
    assert parts["prediction_variance"].item() == pytest.approx(0.99)
    assert parts["loss"].item() == pytest.approx(10 * (0.99 + 0.99))


def test_predictions_have_the_shape_of_projections():
    model, batch = tiny_baseline("sie").eval(), tiny_batch()
    z = model.encode(batch.views)
    projections = model.project(z)
    assert projections.shape == model.project_invariant(z).shape == (6, 4, 12)
    assert model.predict(projections[:, :3], batch.actions).shape == (6, 3, 12)
    with pytest.raises(ValueError, match=r"projections must have shape \(..., 12\), got \(6, 4, 16\)"):
        model.predict(z, batch.actions)


def test_an_embedding_that_has_no_halves_is_refused(monkeypatch):
    config = type(tiny_baseline("sie")).Config
    monkeypatch.setattr(config, "embedding_dim", 15)
    with pytest.raises(ValueError, match="width 15 is odd"):
        config(action_dim=2)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("sie")).Config(action_dim=4)
    assert config.projector == (1024, 1024, 1024)
    weights = [getattr(config, name) for name in WEIGHTS]
    assert weights == [10.0, 4.5, 10.0, 1.0]
