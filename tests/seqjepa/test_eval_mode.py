import pytest
import torch
from saccadeworld.seqjepa.eval_mode import evaluated
from tiny import tiny_model


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_eval_and_then_as_it_was_even_after_an_error(training):
    model = tiny_model().train(training)
    modes = []

    def fail() -> None:
        with evaluated(model):
            modes.append((model.training, model.encoder.training, torch.is_grad_enabled()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert modes == [(False, False, False)]
    assert model.training == model.encoder.training == training
    assert torch.is_grad_enabled()
