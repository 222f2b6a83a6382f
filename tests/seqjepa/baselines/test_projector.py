"""A transformer in the projector's place."""

import pytest
import torch
from saccadeworld.seqjepa.baselines.heads import TransformerHead
from tiny_baselines import SMALL, tiny_baseline, tiny_batch
from torch import nn

METHODS = [name for name, options in SMALL.items() if "projector" in options]


def test_it_is_an_attention_over_the_learned_token_and_the_embedding():
    """Against PyTorch's own layers, put together by hand, in eval mode."""
    torch.manual_seed(0)
    head = TransformerHead(16, 2, 5, "bias").eval()
    nn.init.normal_(head.transformer.token)
    z = torch.randn(3, 7, 16)
    rows = torch.stack([head.transformer.token[0, 0].expand(21, 16), z.flatten(0, 1)], 1)
    for layer in head.transformer.transformer.layers:
        attended, _ = layer.self_attn(rows, rows, rows)
        rows = layer.norm1(rows + attended)
        rows = layer.norm2(rows + layer.linear2(layer.linear1(rows).relu()))
    token = head.transformer.transformer.norm(rows)[:, 0]
    last = head.head.layers[0]
    torch.testing.assert_close(head(z), (token @ last.weight.T + last.bias).view(3, 7, 5))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_with_a_projector_can_have_one(name, tmp_path):
    model = tiny_baseline(name, projector_transformer=1).train()
    parts = model.loss_parts(tiny_batch())
    parts["loss"].backward()
    assert model.encoder.conv1.weight.grad.abs().sum() > 0
    projectors = [m for m in model.modules() if isinstance(m, TransformerHead)]
    trained = [p for m in projectors for p in m.parameters() if p.requires_grad]
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in trained)
    model.eval().save(tmp_path)
    again = type(model).load(tmp_path)
    z = model.encode(tiny_batch().views)
    assert torch.equal(again.project(z), model.project(z))


@pytest.mark.parametrize("layers", [-1, 1.5, True])
def test_impossible_numbers_of_layers(layers):
    with pytest.raises((TypeError, ValueError), match=f"projector_transformer={layers} (must be int|is out of range)"):
        tiny_baseline("simclr", projector_transformer=layers)
