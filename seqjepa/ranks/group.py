"""Who the ranks are, and what they tell each other beside gradients; one process by itself is rank 0 of 1."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

Value = TypeVar("Value")


def rank() -> int:
    """The number of this process among those that train together, from 0."""
    return dist.get_rank() if _joined() else 0


def rank_count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _joined() else 1


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()


@contextmanager
def joined_ranks(device: str) -> Iterator[str]:
    """Where this process was started by `torchrun`, let it train together with the others, by NCCL on GPUs and else by
    Gloo; by itself it stays alone.

    Args:
        device: "cpu" or "cuda".

    Yields:
        The device of this process, see `local_device`.

    Raises:
        ValueError: as `local_device`.
    """
    device = local_device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    gpu = device.startswith("cuda")
    if gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo")
    yield device
    dist.destroy_process_group()  # not after an error, when the others may wait elsewhere


def local_device(device: str) -> str:
    """The device of this process: each of `torchrun` has a GPU of its own.

    Raises:
        ValueError: where there are fewer GPUs than processes on this machine.
    """
    local = os.environ.get("LOCAL_RANK")
    if device != "cuda" or local is None or not torch.cuda.is_available():
        return device
    processes, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if processes > gpus:
        raise ValueError(f"{processes} processes share {gpus} GPUs on this machine: give --nproc-per-node {gpus}")
    return f"cuda:{local}"


def largest(value: float) -> float:
    """The largest of the numbers that the ranks bring. It does not wait for a GPU."""
    if rank_count() == 1:
        return value
    number = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(number, dist.ReduceOp.MAX)
    return float(number)


def means(parts: Mapping[str, Tensor]) -> dict[str, float]:
    """The mean over the ranks of each of some scalar tensors, which are of the same names on all."""
    if rank_count() == 1 or not parts:
        return {name: float(value.detach()) for name, value in parts.items()}
    numbers = torch.stack([value.detach().double() for value in parts.values()])
    dist.all_reduce(numbers)
    return dict(zip(parts, (numbers / rank_count()).tolist(), strict=True))


def object_of_first_rank(value: Value) -> Value:
    """The first rank's, on all of them."""
    if rank_count() == 1:
        return value
    values: list[Any] = [value]
    dist.broadcast_object_list(values, device=torch.device("cpu"))
    return values[0]
