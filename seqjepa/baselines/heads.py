"""Heads: the multi-layer perceptrons between the encoder and the losses."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

End = Literal["norm", "bias", "plain"]


class Head(nn.Module):
    """Inputs (..., W) to outputs (..., widths[-1]): Linear, BatchNorm1d and ReLU for every width but the last, Linear.

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
