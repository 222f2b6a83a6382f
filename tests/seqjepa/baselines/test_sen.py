import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import nt_xent
from tiny_baselines import array, embeddings, head, tiny_baseline, tiny_batch


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    return nt_xent(torch.from_numpy(first), torch.from_numpy(second), 0.3).item()


def test_loss_tells_the_predicted_view_from_those_of_other_scenes():
    model, batch = tiny_baseline("sen", temperature=0.3), tiny_batch()
    first, second = (head(model.projector, embeddings(model, batch.views[:, i])) for i in (0, 1))
    prediction = head(model.predictor, first, array(batch.actions[:, 0]))
    assert model.loss(batch).item() == pytest.approx(contrast(prediction, second), rel=1e-4)


def test_only_the_first_action_matters():
    model, batch = tiny_baseline("sen"), tiny_batch()
    loss = model.loss(batch)
    batch.actions[:, 1:] = 0
    assert torch.equal(model.loss(batch), loss)
    batch.actions[:, 0] = batch.actions[:, 0].flip(0)
    assert not torch.allclose(model.loss(batch), loss)


def test_predictions_have_the_shape_of_projections():
    model, batch = tiny_baseline("sen").eval(), tiny_batch()
    projections = model.project(model.encode(batch.views))
    predictions = model.predict(projections[:, :3], batch.actions)
    assert projections.shape == (6, 4, 12)
    assert predictions.shape == (6, 3, 12)
    for row in range(6):  # whatever else is in the batch
        alone = model.predict(projections[row : row + 1, :3], batch.actions[row : row + 1])
        torch.testing.assert_close(alone[0], predictions[row])


def test_what_does_not_fit_is_refused():
    model = tiny_baseline("sen").eval()
    with pytest.raises(ValueError, match=r"projections must have shape \(..., 12\), got \(6, 11\)"):
        model.predict(torch.zeros(6, 11), torch.zeros(6, 2))
    with pytest.raises(ValueError, match=r"actions must have shape \(6, 2\) here, got \(6, 3\)"):
        model.predict(torch.zeros(6, 12), torch.zeros(6, 3))
    with pytest.raises(ValueError, match="temperature must be a finite number above 0"):
        tiny_baseline("sen", temperature=0.0)
    with pytest.raises(TypeError, match=r"action_embedding_dim=1\.5 must be int"):
        tiny_baseline("sen", action_embedding_dim=1.5)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("sen")).Config(action_dim=4)
    assert (config.projector, config.action_embedding_dim, config.temperature) == ((2048, 2048, 2048), 128, 0.5)


def test_layers_are_the_papers():
    """Of the predictor: one product of projection and embedded action, normalised, without bias."""
    model = type(tiny_baseline("sen"))(4, "small")
    shapes = {name: tuple(weights.shape) for name, weights in model.predictor.named_parameters()}
    assert shapes == {"action_embedding.projection.weight": (128, 4), "head.layers.0.weight": (2048, 2048 + 128)}
