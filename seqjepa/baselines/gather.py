"""Rows of all processes, so that a loss over a batch is one over the whole batch however many processes share it."""

import torch
import torch.distributed as dist
from torch import Tensor


def gather_rows(rows: Tensor) -> Tensor:
    """Rows (B, ...) of this process to those of all W processes, (W B, ...), in the order of their ranks.

    Every process must bring equally many rows. Without an initialised `torch.distributed`, they are what they were.

    The gradient that reaches the rows of a process is the sum of the gradients of all processes' losses. So where every
    process computes the same loss of the gathered rows, and gradients of weights are then averaged over processes, as
    DistributedDataParallel does, the average is the gradient that one process has with all rows.
    """
    if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return rows
    gathered = _Gather.apply(rows)
    assert isinstance(gathered, Tensor)
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        rows = rows.contiguous()
        gathered = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(gathered, rows)
        return torch.cat(gathered)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]
