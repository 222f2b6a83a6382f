import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import vicreg_terms
from tiny_baselines import embeddings, head, tiny_baseline, tiny_batch


def test_loss_is_the_weighted_sum_of_the_terms_of_the_first_two_views():
    model = tiny_baseline("vicreg", invariance_weight=3.0, variance_weight=5.0, covariance_weight=7.0)
    batch = tiny_batch()
    projections = [torch.from_numpy(head(model.projector, embeddings(model, batch.views[:, i]))) for i in (0, 1)]
    terms = vicreg_terms(*projections)
    parts = model.loss_parts(batch)
    assert parts["loss"].item() == pytest.approx((3 * terms[0] + 5 * terms[1] + 7 * terms[2]).item(), rel=1e-4)
    for name in ("invariance", "variance", "covariance"):
        assert parts[name].item() == pytest.approx(getattr(terms, name).item(), rel=1e-4)
        assert not parts[name].requires_grad


def test_a_collapsed_network_is_told():
    model = tiny_baseline("vicreg")
    torch.nn.init.zeros_(model.projector.layers[-1].weight)
    parts = model.loss_parts(tiny_batch())
    assert parts["loss"].item() == pytest.approx(9.9)
    assert parts["variance"].item() == pytest.approx(0.99)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("vicreg")).Config(action_dim=2)
    assert config.projector == (2048, 2048, 2048)
    assert (config.invariance_weight, config.variance_weight, config.covariance_weight) == (10, 10, 1)


@pytest.mark.parametrize("name", ["invariance_weight", "variance_weight", "covariance_weight"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_impossible_weights_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}={value} is out of range; use at least 0"):
        tiny_baseline("vicreg", **{name: value})
