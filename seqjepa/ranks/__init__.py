"""Training by several processes, the ranks of `torchrun`, that share every batch."""

from .batch_norm import synchronise_batch_norms
from .gather import from_first_rank, gather_rows
from .group import (
    joined_ranks,
    largest,
    local_device,
    may_be_restarted,
    means,
    object_of_first_rank,
    rank,
    rank_count,
    speaks,
)
from .parallel import LossParts, Parallel, own_part, parallel_loss, placed_like, whole

__all__ = [
    "LossParts",
    "Parallel",
    "from_first_rank",
    "gather_rows",
    "joined_ranks",
    "largest",
    "local_device",
    "may_be_restarted",
    "means",
    "object_of_first_rank",
    "own_part",
    "parallel_loss",
    "placed_like",
    "rank",
    "rank_count",
    "speaks",
    "synchronise_batch_norms",
    "whole",
]
