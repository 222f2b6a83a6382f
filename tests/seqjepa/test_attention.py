import pytest
import torch
from saccadeworld.seqjepa.attention import aggregate_attention
from tiny import tiny_model
from torch import Tensor
from torch.nn import functional as F


def attend(layer, tokens: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """A post-norm layer of the paper by formula: its output (B, N, W), and its weights (B, heads, N, N)."""
    attention, width = layer.self_attn, tokens.shape[-1] // heads
    q, k, v = (
        (tokens @ weight.T + bias).unflatten(-1, (heads, width)).transpose(1, 2)
        for weight, bias in zip(attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3), strict=True)
    )
    scores = q @ k.transpose(-1, -2) / width**0.5
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    return after_attention(layer, tokens, weights, v), weights


def after_attention(layer, tokens: Tensor, weights: Tensor, v: Tensor) -> Tensor:
    mixed = (weights @ v).transpose(1, 2).flatten(2)
    x = layer.norm1(tokens + layer.self_attn.out_proj(mixed))
    return layer.norm2(x + layer.linear2(F.relu(layer.linear1(x))))


@pytest.fixture
def example():
    torch.manual_seed(1)
    model = tiny_model(layers=3, heads=4, dropout=0.5).double().eval()
    model.aggregator.token.data.normal_()
    return model, torch.randn(5, 4, model.config.embedding_dim).double(), torch.randn(5, 3, 2).double()


def tokens_of(model, z: Tensor, actions: Tensor) -> Tensor:
    embedded = F.pad(model.action_embedding(actions), (0, 0, 0, 1))
    return torch.cat([model.aggregator.token.expand(len(z), 1, -1), torch.cat([z, embedded], -1)], 1)


@torch.no_grad()
def test_the_weights_are_those_of_the_formula(example):
    model, z, actions = example
    found = aggregate_attention(model, z, actions)
    assert found.shape == (5, 3, 4, 4)
    tokens = tokens_of(model, z, actions)
    for i, layer in enumerate(model.aggregator.transformer.layers):
        tokens, weights = attend(layer, tokens, 4)
        torch.testing.assert_close(found[:, i], weights[:, :, 0, 1:])
    assert (found > 0).all()
    assert (found.sum(-1) < 1).all(), "the rest is the token's to itself"


@torch.no_grad()
def test_the_aggregate_comes_about_with_these_weights(example):
    model, z, actions = example
    found = aggregate_attention(model, z, actions)
    tokens = tokens_of(model, z, actions)
    *layers, last = model.aggregator.transformer.layers
    for layer in layers:
        tokens, _ = attend(layer, tokens, 4)
    weights = torch.cat([1 - found[:, -1].sum(-1, keepdim=True), found[:, -1]], -1)[:, :, None]
    value, bias = last.self_attn.in_proj_weight.chunk(3)[2], last.self_attn.in_proj_bias.chunk(3)[2]
    v = (tokens @ value.T + bias).unflatten(-1, (4, -1)).transpose(1, 2)
    aggregate = model.aggregator.transformer.norm(after_attention(last, tokens[:, :1], weights, v))[:, 0]
    torch.testing.assert_close(aggregate, model.aggregate(z, actions))


def test_equal_views_count_equally_where_no_action_tells_them_apart():
    model = tiny_model(conditioning="none")
    found = aggregate_attention(model, torch.ones(2, 6, model.config.embedding_dim))
    torch.testing.assert_close(found, found[..., :1].expand_as(found))


def test_the_model_stays_as_it_is(example):
    model, z, actions = example
    model.train()
    aggregate_attention(model, z, actions)
    assert model.training
    assert all(not layer._forward_pre_hooks for layer in model.aggregator.transformer.layers)
    with pytest.raises(ValueError, match="actions"):
        aggregate_attention(model, z, actions[:, :1])
    assert all(not layer._forward_pre_hooks for layer in model.aggregator.transformer.layers)
