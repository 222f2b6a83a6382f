"""The action embedding e(a): a linear map and a normalisation without learned scale (paper, section 3)."""

from torch import Tensor, nn


class ActionEmbedding(nn.Module):
    """Actions (..., A) to embeddings (..., E): Linear without bias, then BatchNorm1d without affine parameters.

    In train mode all leading dimensions are normalised together as one batch.
    """

    def __init__(self, action_dim: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(action_dim, width, bias=False)
        self.norm = nn.BatchNorm1d(width, affine=False)

    def forward(self, actions: Tensor) -> Tensor:
        e = self.projection(actions)
        return self.norm(e.flatten(0, -2)).view(e.shape)
