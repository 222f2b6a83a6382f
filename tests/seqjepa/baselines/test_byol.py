import pytest
import torch
from tiny_baselines import cosine, embeddings, head, tiny_baseline, tiny_batch


def moved(model):
    """Targets that are no longer what they follow."""
    with torch.no_grad():
        for parameter in (*model.target_encoder.parameters(), *model.target_projector.parameters()):
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    return model


def test_loss_is_that_of_both_directions():
    model, batch = moved(tiny_baseline("byol")), tiny_batch()
    predictions, targets = [], []
    for view in batch.views[:, :2].unbind(1):
        predictions.append(head(model.predictor, head(model.projector, embeddings(model, view))))
        targets.append(head(model.target_projector, embeddings(model, view, model.target_encoder)))
    forth, back = cosine(predictions[0], targets[1]).mean(), cosine(predictions[1], targets[0]).mean()
    assert model.loss(batch).item() == pytest.approx((2 - 2 * forth) + (2 - 2 * back), rel=1e-4)


def test_the_two_views_may_change_places():
    model, batch = moved(tiny_baseline("byol")), tiny_batch()
    loss = model.loss(batch)
    batch.views = batch.views[:, [1, 0]]
    batch.actions = batch.actions[:, :1]
    torch.testing.assert_close(model.loss(batch), loss)


def test_a_collapsed_network_loses_nothing():
    model = tiny_baseline("byol").eval()
    with torch.no_grad():
        for network in (model.projector, model.target_projector):
            network.layers[-1].running_mean.fill_(-100.0)
        model.predictor.layers[-1].weight.zero_()
        model.predictor.layers[-1].bias.fill_(1.0)
    assert model.loss(tiny_batch()).item() == pytest.approx(0, abs=1e-3)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("byol")).Config(action_dim=2)
    assert (config.projector, config.predictor_hidden) == ((2048, 2048, 2048), 512)
