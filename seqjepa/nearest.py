"""Nearest neighbours by cosine, in blocks that fit into memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCORES_AT_ONCE = 1 << 24


def nearest(queries: Tensor, gallery: Tensor, count: int, excluded: Tensor | None = None) -> Tensor:
    """The candidates whose cosine with each query is highest, the best first.

    Args:
        queries: (Q, D) float32.
        gallery: (G, D) float32.
        count: k, how many to find.
        excluded: (Q, X) int64, candidates that do not count for each query.

    Returns:
        (Q, k) int64.

    Raises:
        ValueError: where fewer than k candidates count.
    """
    left = len(gallery) - (0 if excluded is None else excluded.shape[1])
    if not 1 <= count <= left:
        raise ValueError(f"count={count} neighbours of {left} candidates: use 1 to {left}")
    candidates = functional.normalize(gallery, dim=1).T
    found = []
    for rows in torch.arange(len(queries), device=queries.device).split(max(1, _SCORES_AT_ONCE // len(gallery))):
        scores = functional.normalize(queries[rows], dim=1) @ candidates
        if excluded is not None:
            scores = scores.scatter(1, excluded[rows], -torch.inf)
        found.append(scores.topk(count, dim=1).indices)
    return torch.cat(found)
