"""Heads: what lies between the encoder and the losses."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from ..action_embedding import ActionEmbedding
from ..aggregator import Aggregator

End = Literal["norm", "bias", "plain"]


class Head(nn.Module):
    """A multi-layer perceptron.

    Inputs (..., W) to outputs (..., widths[-1]): Linear, BatchNorm1d and ReLU for every width but the last, Linear.

    `end` says what follows the last product: "norm", a BatchNorm1d without affine parameters; "bias"; "plain", nothing.

    The other products have no bias, which the normalisation would take off again. In train mode all leading dimensions
    are normalised together as one batch.
    """

    def __init__(self, inputs: int, widths: Sequence[int], end: End) -> None:
        super().__init__()
        *hidden, outputs = widths
        layers: list[nn.Module] = []
        for before, after in pairwise((inputs, *hidden)):
            layers += [nn.Linear(before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU(inplace=True)]
        layers.append(nn.Linear((inputs, *hidden)[-1], outputs, bias=end == "bias"))
        if end == "norm":
            layers.append(nn.BatchNorm1d(outputs, affine=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.flatten(0, -2)).unflatten(0, x.shape[:-1])


class TransformerHead(nn.Module):
    """Seq-JEPA's aggregator over the one token that an embedding is, and a product with what follows it in a `Head`.

    Inputs (..., W) to outputs (..., outputs); four heads of attention, dropout 0.1. The seq-JEPA paper (table 8) says
    only that a transformer takes the projector's place, so the rest is a reading of it.
    """

    def __init__(self, inputs: int, layers: int, outputs: int, end: End) -> None:
        super().__init__()
        self.transformer = Aggregator(inputs, layers, heads=4, dropout=0.1)
        self.head = Head(inputs, (outputs,), end)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.transformer(x.flatten(0, -2)[:, None])).unflatten(0, x.shape[:-1])


class ConditionedHead(nn.Module):
    """A head that is told an action: projections (..., P) and actions (..., A) to predictions (..., widths[-1]).

    The inputs of the `Head` are the projection and the embedding of the action, of width `embedding_dim`.
    """

    def __init__(self, inputs: int, action_dim: int, embedding_dim: int, widths: Sequence[int], end: End) -> None:
        super().__init__()
        self.action_embedding = ActionEmbedding(action_dim, embedding_dim)
        self.head = Head(inputs + embedding_dim, widths, end)

    def forward(self, projections: Tensor, actions: Tensor) -> Tensor:
        return self.head(torch.cat([projections, self.action_embedding(actions)], -1))
