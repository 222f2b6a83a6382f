"""Tensors of all ranks, so that a loss over a batch is one over the whole batch however many ranks share it."""

import torch
import torch.distributed as dist
from torch import Tensor

from .group import rank, rank_count


def gather_rows(rows: Tensor) -> Tensor:
    """Rows (B, ...) of this rank to those of all W ranks, (W B, ...), in the order of their ranks.

    Every rank must bring equally many rows. Where one process trains alone, they are what they were.

    The gradient that reaches the rows of a rank is the sum of the gradients of all ranks' losses. So where every
    rank computes the same loss of the gathered rows, and gradients of weights are then averaged over ranks, as
    DistributedDataParallel does, the average is the gradient that one process has with all rows.
    """
    return rows if rank_count() == 1 else _gathered(rows)


def _gathered(rows: Tensor) -> Tensor:
    gathered = _Gather.apply(rows)
    assert isinstance(gathered, Tensor)
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        rows = rows.contiguous()
        gathered = [torch.empty_like(rows) for _ in range(rank_count())]
        dist.all_gather(gathered, rows)
        return torch.cat(gathered)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(rank_count())[rank()]


def from_first_rank(drawn: Tensor) -> Tensor:
    """What the first rank drew, on all of them, for a draw that belongs to the batch and not to its rows."""
    return drawn if rank_count() == 1 else _broadcast(drawn)


def _broadcast(drawn: Tensor) -> Tensor:
    drawn = drawn.contiguous()
    dist.broadcast(drawn, 0)
    return drawn
