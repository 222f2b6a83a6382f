"""The cosine distance of methods that predict one embedding from another."""

from torch import Tensor
from torch.nn import functional as F

from ...regulariser import at_least_single


def cosine_distance(predictions: Tensor, targets: Tensor) -> Tensor:
    """1 - the mean cosine between predictions and targets (..., P), a scalar in [0, 2], in float32 or better.

    Rows stand by themselves, so the mean over the ranks that share a batch is that over the batch.
    """
    return 1 - F.cosine_similarity(at_least_single(predictions), at_least_single(targets), dim=-1).mean()
