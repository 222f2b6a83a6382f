"""The normalised, temperature-scaled cross entropy of SimCLR (Chen et al., ICML 2020, equation 1)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ...ranks import gather_rows
from ...regulariser import at_least_single, full_precision


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """NT-Xent of embeddings (B, P) of one view and of another, row by row a pair; a scalar in float32 or better.

    With u the 2B normalised embeddings of both views and p(i) the partner of i, it is the mean over i of
    -log(exp(u_i . u_p(i) / t) / sum over k != i of exp(u_i . u_k / t)). Collapsed embeddings have log(2B - 1).
    Among several ranks the batch is that of all of them, see `gather_rows`.
    """
    with full_precision(first.device.type):
        views = [gather_rows(F.normalize(at_least_single(view), dim=1)) for view in (first, second)]
        u = torch.cat(views)
        itself = torch.eye(len(u), dtype=torch.bool, device=u.device)
        logits = (u @ u.T / temperature).masked_fill(itself, -torch.inf)
        partners = torch.arange(len(u), device=u.device).roll(len(views[0]))
        return F.cross_entropy(logits, partners)
