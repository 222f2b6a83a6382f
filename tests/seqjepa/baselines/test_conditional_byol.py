import pytest
import torch
from tiny_baselines import array, cosine, embeddings, head, tiny_baseline, tiny_batch


def test_loss_is_that_of_one_direction():
    model, batch = tiny_baseline("conditional-byol"), tiny_batch()
    with torch.no_grad():
        for parameter in (*model.target_encoder.parameters(), *model.target_projector.parameters()):
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    target = head(model.target_projector, embeddings(model, batch.views[:, 1], model.target_encoder))
    projections = head(model.projector, embeddings(model, batch.views[:, 0]))
    prediction = head(model.predictor, projections, array(batch.actions[:, 0]))
    assert model.loss(batch).item() == pytest.approx(2 - 2 * cosine(prediction, target).mean(), rel=1e-4)


def test_the_second_view_reaches_nothing_that_learns():
    """Statistics of the online network neither."""
    model, batch = tiny_baseline("conditional-byol"), tiny_batch()
    model.loss(batch)
    seen = {name: value.clone() for name, value in model.named_buffers() if not name.startswith("target")}
    again, other = tiny_baseline("conditional-byol"), tiny_batch()
    other.views[:, 1] = 0
    again.loss(other)
    for name, value in again.named_buffers():
        if not name.startswith("target"):
            assert torch.equal(value, seen[name]), name


def test_a_collapsed_network_loses_nothing():
    model = tiny_baseline("conditional-byol").eval()
    with torch.no_grad():
        model.target_projector.layers[-1].running_mean.fill_(-100.0)
        model.predictor.head.layers[-1].weight.zero_()
        model.predictor.head.layers[-1].bias.fill_(1.0)
    assert model.loss(tiny_batch()).item() == pytest.approx(0, abs=1e-3)


def test_predictions_have_the_shape_of_projections():
    model, batch = tiny_baseline("conditional-byol").eval(), tiny_batch()
    projections = model.project(model.encode(batch.views))
    assert projections.shape == (6, 4, 12)
    assert model.predict(projections[:, :3], batch.actions).shape == (6, 3, 12)
    with pytest.raises(ValueError, match=r"actions must have shape \(6, 3, 2\) here, got \(6, 2, 2\)"):
        model.predict(projections[:, :3], batch.actions[:, :2])


def test_defaults_are_the_papers():
    config = type(tiny_baseline("conditional-byol")).Config(action_dim=4)
    assert (config.projector, config.action_embedding_dim, config.predictor_hidden) == ((2048, 128), 128, 2048)
