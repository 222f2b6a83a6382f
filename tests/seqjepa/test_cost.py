"""Counted operations against sums over the layers."""

import pytest
import torch
from saccadeworld.seqjepa.cost import encoding_operations, step_operations
from saccadeworld.seqjepa.methods import METHODS, make_model
from tiny_baselines import SMALL
from torch import nn

VIEW = (3, 16, 16)


def convolutions(encoder: nn.Module) -> list[int]:
    """Operations of each convolution on one view, from the shapes that really pass through it."""
    counts = []

    def count(module: nn.Conv2d, inputs: tuple, output: torch.Tensor) -> None:
        counts.append(2 * module.weight[0].numel() * output[0].numel())

    hooks = [m.register_forward_hook(count) for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    encoder(torch.randn(2, *VIEW))
    for hook in hooks:
        hook.remove()
    return counts


def test_a_step_of_simclr_by_hand():
    """Backwards every layer takes twice its work, but for the first, whose input needs no gradient."""
    model = make_model("simclr", 2, encoder="small", encoder_width=4, projector=(8, 6))
    layers = convolutions(model.encoder)
    assert encoding_operations(model.config, VIEW) == sum(layers)
    batch = 5
    views = 2 * batch * (3 * (sum(layers) + 2 * (16 * 8 + 8 * 6)) - layers[0])
    similarities = 3 * 2 * (2 * batch) ** 2 * 6
    assert step_operations(model.config, VIEW, batch, 2) == pytest.approx(views + similarities)
    assert step_operations(model.config, VIEW, batch, 9) == step_operations(model.config, VIEW, batch, 2)


def test_seq_jepa_costs_by_its_views():
    config = make_model("seq-jepa", 2, encoder="small", encoder_width=4, layers=1, heads=2, predictor_hidden=16).config
    short, long = (step_operations(config, VIEW, 4, length) for length in (3, 5))
    encoding = encoding_operations(config, VIEW)
    first = convolutions(make_model("seq-jepa", 2, encoder="small", encoder_width=4).encoder)[0]
    assert long - short > 2 * 4 * (3 * encoding - first)
    assert long > short


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_counted(method):
    options = SMALL.get(method, {})
    config = make_model(method, 2, encoder="small", encoder_width=4, **options).config
    assert step_operations(config, VIEW, 4, 4) > 4 * 2 * encoding_operations(config, VIEW)
