"""The aggregator g: a transformer over the tokens of the observed views (paper, section 3)."""

import torch
from torch import Tensor, nn


class Aggregator(nn.Module):
    """Tokens (B, M, W) to one aggregate (B, W).

    A learned token goes first; post-norm layers with ReLU and feed-forward width 4 W follow, then one more LayerNorm;
    the output at the learned token is the aggregate. There is no positional encoding: order shows only in which
    action is paired with which view.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        """`padding` (B, M) bool is True where a token is to be ignored."""
        tokens = torch.cat([self.token.expand(len(tokens), 1, -1), tokens], 1)
        if padding is not None:
            padding = nn.functional.pad(padding, (1, 0), value=False)
        return self.transformer(tokens, src_key_padding_mask=padding)[:, 0]
