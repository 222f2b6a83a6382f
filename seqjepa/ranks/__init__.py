"""Training by several processes, the ranks of `torchrun`, that share every batch."""

from .batch_norm import synchronise_batch_norms
from .gather import from_first_rank, gather_rows
from .group import joined_ranks, largest, local_device, means, object_of_first_rank, rank, rank_count
from .parallel import Parallel, parallel_loss, placed_like, whole

__all__ = [
    "Parallel",
    "from_first_rank",
    "gather_rows",
    "joined_ranks",
    "largest",
    "local_device",
    "means",
    "object_of_first_rank",
    "parallel_loss",
    "placed_like",
    "rank",
    "rank_count",
    "synchronise_batch_norms",
    "whole",
]
