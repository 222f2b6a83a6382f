import numpy as np
import pytest
import torch
from tiny import tiny_world
from tiny_baselines import array, cosine, embeddings, head, tiny_baseline, tiny_batch


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("length", [2, 4])
def test_each_view_predicts_the_last_one(reduction, length):
    model, batch = tiny_baseline("conv-jepa", reduction=reduction), tiny_batch(length=length)
    with torch.no_grad():
        for parameter in (*model.target_encoder.parameters(), *model.target_projector.parameters()):
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    target = head(model.target_projector, embeddings(model, batch.views[:, -1], model.target_encoder))
    places = np.concatenate([np.zeros((6, 1, 2)), array(batch.actions).cumsum(1)], 1)
    steps = places[:, -1:] - places[:, :-1]
    predictions = head(model.predictor, head(model.projector, embeddings(model, batch.views[:, :-1])), steps)
    losses = [1 - cosine(predictions[:, i], target).mean() for i in range(length - 1)]
    parts = model.loss_parts(batch)
    assert parts["loss"].item() == pytest.approx(getattr(np, reduction)(losses), rel=1e-4)
    assert parts["prediction"].item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_saccades_of_a_world_add_up():
    batch = tiny_world().rollout(8, 4, "uniform", seed=0)
    steps = batch.actions.flip(1).cumsum(1).flip(1)
    torch.testing.assert_close(steps, batch.poses[:, -1:] - batch.poses[:, :-1])


def test_predictions_have_the_shape_of_projections():
    model, batch = tiny_baseline("conv-jepa").eval(), tiny_batch()
    projections = model.project(model.encode(batch.views))
    assert projections.shape == (6, 4, 12)
    predictions = model.predict(projections[:, :3], batch.actions)
    assert predictions.shape == (6, 3, 12)
    for row in range(6):  # whatever else is in the batch
        alone = model.predict(projections[row : row + 1, :3], batch.actions[row : row + 1])
        torch.testing.assert_close(alone[0], predictions[row])


def test_what_does_not_fit_is_refused():
    model = tiny_baseline("conv-jepa").eval()
    with pytest.raises(ValueError, match=r"projections must have shape \(..., 12\), got \(6, 11\)"):
        model.predict(torch.zeros(6, 11), torch.zeros(6, 2))
    with pytest.raises(ValueError, match=r"actions must have shape \(6, 2\) here, got \(5, 2\)"):
        model.predict(torch.zeros(6, 12), torch.zeros(5, 2))
    with pytest.raises(TypeError, match="actions must be floating point"):
        model.predict(torch.zeros(6, 12), torch.zeros(6, 2, dtype=torch.int64))


def test_rotations_do_not_add_up_and_are_refused():
    with pytest.raises(ValueError, match="adds saccades up, which have 2 numbers, and got action_dim=4"):
        tiny_baseline("conv-jepa", action_dim=4)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="reduction='max' is not known"):
        tiny_baseline("conv-jepa", reduction="max")


def test_defaults_are_the_papers():
    config = type(tiny_baseline("conv-jepa")).Config(action_dim=2)
    assert (config.projector, config.action_embedding_dim, config.predictor_hidden) == ((2048, 128), 128, 1024)
    assert config.reduction == "sum"
