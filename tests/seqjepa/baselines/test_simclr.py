import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import nt_xent
from tiny_baselines import embeddings, head, tiny_baseline, tiny_batch


def test_loss_is_nt_xent_of_the_first_two_views():
    model, batch = tiny_baseline("simclr", temperature=0.3), tiny_batch()
    projections = [torch.from_numpy(head(model.projector, embeddings(model, batch.views[:, i]))) for i in (0, 1)]
    assert model.loss(batch).item() == pytest.approx(nt_xent(*projections, 0.3).item(), rel=1e-4)


def test_actions_do_not_matter():
    model, batch = tiny_baseline("simclr").eval(), tiny_batch()
    loss = model.loss(batch)
    batch.actions.mul_(-1)
    assert torch.equal(model.loss(batch), loss)


def test_defaults_are_the_papers():
    config = type(tiny_baseline("simclr")).Config(action_dim=2)
    assert (config.projector, config.temperature) == ((2048, 2048, 2048), 0.5)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_temperatures_are_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be a finite number above 0"):
        tiny_baseline("simclr", temperature=temperature)
