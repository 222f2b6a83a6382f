import math

import pytest
import torch
from saccadeworld.seqjepa.baselines.context_decoder import ContextDecoder, hidden_from_queries, hidden_in_pairs
from torch.nn import functional as F

CPU = torch.device("cpu")


def decoder(seed: int = 0) -> ContextDecoder:
    torch.manual_seed(seed)
    return ContextDecoder(5, 16, 3, 4, 6)


def written_out(module: ContextDecoder, tokens: torch.Tensor, hidden: list[torch.Tensor]) -> torch.Tensor:
    """A pre-norm transformer over one sequence, head by head."""
    x = module.read_in(tokens)
    for layer, mask in zip(module.layers, hidden, strict=True):
        attention = layer.self_attn
        normed = F.layer_norm(x, (16,), layer.norm1.weight, layer.norm1.bias)
        q, k, v = (normed @ attention.in_proj_weight.T + attention.in_proj_bias).split(16, -1)
        heads = []
        for i in range(4):
            part = slice(4 * i, 4 * i + 4)
            scores = (q[:, part] @ k[:, part].T / 2).masked_fill(mask, -torch.inf)
            heads.append(scores.softmax(-1) @ v[:, part])
        x = x + attention.out_proj(torch.cat(heads, -1))
        normed = F.layer_norm(x, (16,), layer.norm2.weight, layer.norm2.bias)
        x = x + layer.linear2(F.gelu(layer.linear1(normed)))
    return module.read_out(F.layer_norm(x, (16,), module.norm.weight, module.norm.bias))


@pytest.mark.parametrize("training", [True, False])
def test_outputs_are_those_of_a_transformer_written_out(training):
    module = decoder().double().train(training)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.3)
    tokens = torch.randn(2, 6, 5, dtype=torch.float64)
    hidden = [hidden_in_pairs(3, 0.5, CPU) for _ in range(3)]
    with torch.no_grad():
        expected = torch.stack([written_out(module, sequence, hidden) for sequence in tokens])
        torch.testing.assert_close(module(tokens, hidden), expected)


def test_weights_are_drawn_as_gpt_2s():
    module = ContextDecoder(32, 64, 2, 4, 32)
    for name, weights in module.named_parameters():
        if name.endswith("bias"):
            assert weights.abs().max() == 0, name
        elif "norm" in name:
            assert (weights == 1).all(), name
        else:
            ends_branch = "out_proj" in name or "linear2" in name
            assert weights.std().item() == pytest.approx(0.02 / math.sqrt(4) if ends_branch else 0.02, rel=0.1), name


def test_pairs_see_themselves_and_pairs_before_but_not_their_partners():
    seen = ~hidden_in_pairs(3, 0.0, CPU)
    expected = [
        [1, 0, 0, 0, 0, 0],  # x1 itself
        [0, 1, 0, 0, 0, 0],  # y1 itself, not x1
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0, 1],
    ]
    assert seen.int().tolist() == expected


def test_masking_hides_whole_pairs_as_often_as_asked():
    torch.manual_seed(0)
    pairs = 60
    hidden = hidden_in_pairs(pairs, 0.9, CPU)
    assert not hidden.diagonal().any()
    before = torch.ones(pairs, pairs).tril(-1).bool()
    first, second = hidden[:, ::2], hidden[:, 1::2]
    for rows in (slice(0, None, 2), slice(1, None, 2)):
        assert torch.equal(first[rows][before], second[rows][before])
        assert first[rows][before].float().mean().item() == pytest.approx(0.9, abs=0.03)
    assert not torch.equal(first[::2][before], first[1::2][before])


def test_everything_may_be_masked():
    assert torch.equal(hidden_in_pairs(4, 1.0, CPU), ~torch.eye(8, dtype=torch.bool))


def test_queries_see_the_context_and_themselves():
    seen = ~hidden_from_queries(2, 3, CPU)
    assert torch.equal(seen[:4, :4], ~hidden_in_pairs(2, 0.0, CPU))
    assert not seen[:4, 4:].any()
    assert seen[4:, :4].all()
    assert torch.equal(seen[4:, 4:], torch.eye(3, dtype=torch.bool))
    assert torch.equal(hidden_from_queries(0, 3, CPU), ~torch.eye(3, dtype=torch.bool))
