"""The decoder of ContextSSL: a transformer that reads pairs of views, each in the light of those before it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ContextDecoder(nn.Module):
    """Tokens (N, T, W) and, for each layer, which tokens are hidden from which (T, T), to outputs (N, T, P).

    As GPT-2 (Radford et al., 2019) without positions: pre-norm layers with GELU and feed-forward width 4 `width`, one
    more LayerNorm, weights drawn with a deviation of 0.02, those that end a residual branch with 0.02 / sqrt(2 layers).
    """

    def __init__(self, inputs: int, width: int, layers: int, heads: int, outputs: int) -> None:
        super().__init__()
        self.read_in = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.read_out = nn.Linear(width, outputs)
        self._initialise()

    def forward(self, tokens: Tensor, hidden: Sequence[Tensor]) -> Tensor:
        x = self.read_in(tokens)
        for layer, mask in zip(self.layers, hidden, strict=True):
            x = layer(x, src_mask=mask)
        return self.read_out(self.norm(x))

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                ends_branch = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, 0.0, 0.02 / math.sqrt(2 * len(self.layers)) if ends_branch else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)


def hidden_in_pairs(pairs: int, masking: float, device: torch.device) -> Tensor:
    """Which tokens (columns) are hidden from which (rows) in a block of pairs x_1, y_1, x_2, y_2, ...: (2 pairs,
    2 pairs), True where hidden.

    What comes later is hidden, and from every y_i its own x_i, so that predicting y_i from x_i is not a matter of
    having made them alike. Besides, each pair is hidden from each token with the probability `masking`. A token always
    sees itself.
    """
    order = torch.arange(2 * pairs, device=device)
    row, column = order[:, None], order[None]
    hidden = (column > row) | ((row % 2 == 1) & (column == row - 1))
    if masking:
        hidden |= (torch.rand(2 * pairs, pairs, device=device) < masking).repeat_interleave(2, 1)
    return hidden & (column != row)


def hidden_from_queries(pairs: int, queries: int, device: torch.device) -> Tensor:
    """Which tokens are hidden from which in a context of pairs with `queries` tokens after it: (T, T), T = 2 pairs +
    queries, True where hidden. Each query sees the context and itself."""
    tokens = 2 * pairs + queries
    hidden = ~torch.eye(tokens, dtype=torch.bool, device=device)
    hidden[:, : 2 * pairs] = False
    hidden[: 2 * pairs, : 2 * pairs] = hidden_in_pairs(pairs, 0.0, device)
    return hidden
