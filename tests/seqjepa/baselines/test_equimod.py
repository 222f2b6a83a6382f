import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import nt_xent
from tiny_baselines import array, embeddings, head, tiny_baseline, tiny_batch


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    return nt_xent(torch.from_numpy(first), torch.from_numpy(second), 0.3).item()


def test_loss_is_an_invariant_and_an_equivariant_one():
    model, batch = tiny_baseline("equimod", temperature=0.3, equivariance_weight=0.7), tiny_batch()
    z1, z2 = (embeddings(model, batch.views[:, i]) for i in (0, 1))
    invariance = contrast(head(model.invariant_projector, z1), head(model.invariant_projector, z2))
    prediction = head(model.predictor, head(model.equivariant_projector, z1), array(batch.actions[:, 0]))
    equivariance = contrast(prediction, head(model.equivariant_projector, z2))
    parts = model.loss_parts(batch)
    assert parts["invariance"].item() == pytest.approx(invariance, rel=1e-4)
    assert parts["equivariance"].item() == pytest.approx(equivariance, rel=1e-4)
    assert parts["loss"].item() == pytest.approx(invariance + 0.7 * equivariance, rel=1e-4)


def test_the_invariant_part_is_told_no_action():
    model, batch = tiny_baseline("equimod"), tiny_batch()
    before = model.loss_parts(batch)
    batch.actions[:, 0] = batch.actions[:, 0].flip(0)
    after = model.loss_parts(batch)
    assert torch.equal(before["invariance"], after["invariance"])
    assert not torch.allclose(before["equivariance"], after["equivariance"])


def test_predictions_have_the_shape_of_projections():
    model, batch = tiny_baseline("equimod").eval(), tiny_batch()
    projections = model.project(model.encode(batch.views))
    assert projections.shape == (6, 4, 12)
    assert model.predict(projections[:, :3], batch.actions).shape == (6, 3, 12)


def test_what_does_not_fit_is_refused():
    model = tiny_baseline("equimod").eval()
    with pytest.raises(ValueError, match=r"projections must have shape \(..., 12\), got \(6, 11\)"):
        model.predict(torch.zeros(6, 11), torch.zeros(6, 2))
    with pytest.raises(ValueError, match=r"equivariance_weight=-1.* is out of range"):
        tiny_baseline("equimod", equivariance_weight=-1)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("equimod")).Config(action_dim=4)
    assert (config.projector, config.action_embedding_dim) == ((1024, 1024, 128), 128)
    assert (config.temperature, config.equivariance_weight) == (0.1, 1.0)
