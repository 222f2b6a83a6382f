"""The predictor h: from the aggregate and the next action to the next embedding (paper, section 3)."""

from torch import Tensor, nn


class Predictor(nn.Module):
    """Inputs (..., W) to predictions (..., D): Linear without bias, BatchNorm1d, ReLU, Linear."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.output = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.norm(self.hidden(x.flatten(0, -2)))
        return self.output(hidden.relu_()).unflatten(0, x.shape[:-1])
