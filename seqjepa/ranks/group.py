"""Who the ranks are, and what they tell each other beside gradients; one process by itself is rank 0 of 1."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from ...envs.devices import resolve_device
from .rendezvous import meet

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
        The device of this process.

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
    store, number, count = meet()
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", store=store, rank=number, world_size=count)
    yield device
    dist.destroy_process_group()  # not after an error, when the others may wait elsewhere


def local_device(device: str) -> str:
    """The device of this process, by a name such as "cuda", of which each process of `torchrun` has one of its own.

    Raises:
        ValueError: for a device that is not there, and where there are fewer GPUs than processes on this machine.
    """
    resolve_device(device)
    local = os.environ.get("LOCAL_RANK")
    if device != "cuda" or local is None:
        return device
    processes, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if processes > gpus:
        raise ValueError(f"{processes} processes would share {gpus} GPUs on this machine: use --nproc-per-node {gpus}")
    return f"cuda:{local}"


def speaks() -> bool:
    """Whether this process says what all ranks would; one on each machine does, where something may be missing."""
    return not _joined() or os.environ.get("LOCAL_RANK", "0") == "0"


def may_be_restarted() -> bool:
    """Whether it was `torchrun` that started this process, which does so again after a failure."""
    return dist.is_available() and dist.is_torchelastic_launched()


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
