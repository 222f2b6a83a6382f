"""Gradients over all ranks: by DistributedDataParallel, or with weights in shards (FSDP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..encoder import BasicBlock
from .group import rank_count

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

Parallel = Literal["ddp", "fsdp"]
LossParts = Callable[[Any], dict[str, Tensor]]

_UNITS = (BasicBlock, nn.TransformerEncoderLayer)  # whose weights are gathered together, all others with the model


def parallel_loss(model: nn.Module, loss_parts: LossParts, parallel: Parallel) -> LossParts:
    """The loss of a model, such that its gradients come out averaged over the ranks.

    Args:
        model: with the same weights on all ranks; "fsdp" turns them into shards, one for each rank.
        loss_parts: a batch to the loss and what it is made of.
        parallel: "ddp" or "fsdp".
    """
    loss = _Loss(model, loss_parts)
    if parallel == "ddp":
        return DistributedDataParallel(loss)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    model.to(memory_format=torch.contiguous_format)  # of others there are no shards  # pyright: ignore[reportCallIssue]
    mesh = init_device_mesh(next(model.parameters()).device.type, (rank_count(),))
    for module in [*model.modules()]:
        if isinstance(module, _UNITS):
            fully_shard(module, mesh=mesh)
    fully_shard(loss, mesh=mesh)
    return loss


class _Loss(nn.Module):
    """A loss as a module, which is what torch averages the gradients of."""

    def __init__(self, model: nn.Module, loss_parts: LossParts) -> None:
        super().__init__()
        self.model, self.loss_parts = model, loss_parts

    def forward(self, batch: Any) -> dict[str, Tensor]:
        return self.loss_parts(batch)


def _is_sharded(tensor: Tensor) -> TypeGuard[DTensor]:
    if rank_count() == 1:  # without the import, which takes a while
        return False
    from torch.distributed.tensor import DTensor

    return isinstance(tensor, DTensor)


def whole(tensor: Tensor) -> Tensor:
    """A tensor of which each rank may have a shard, on every rank whole. All ranks must ask for it."""
    return tensor.full_tensor() if _is_sharded(tensor) else tensor


def own_part(tensor: Tensor) -> Tensor:
    """What this rank has of a tensor: its shard, or all of it."""
    return tensor.to_local() if _is_sharded(tensor) else tensor


def placed_like(tensor: Tensor, parameter: Tensor) -> Tensor:
    """A copy of a whole tensor on the device of a parameter, in its order of memory and in such shards."""
    if _is_sharded(parameter):
        from torch.distributed.tensor import distribute_tensor

        mesh, places = parameter.device_mesh, parameter.placements
        shards = distribute_tensor(tensor.to(parameter.device), mesh, places, src_data_rank=None)
        return shards.clone()  # not views, which would keep the whole
    return torch.empty_like(parameter.detach()).copy_(tensor)
