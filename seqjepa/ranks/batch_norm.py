"""Batch normalisation over the batches of all ranks, on CPUs too, where torch's own SyncBatchNorm does not run."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..regulariser import at_least_single
from .gather import gather_rows


def synchronise_batch_norms(model: nn.Module) -> None:
    """Let every batch normalisation of a model be over the batches of all ranks; names and tensors stay as they are."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.__class__ = SyncBatchNorm


class SyncBatchNorm(_BatchNorm):
    """Inputs (N, C, ...) to outputs of the same shape, in train mode normalised over the N of all ranks, which must be
    equal. Outputs, gradients (see `gather_rows`) and running statistics are those of one process with all rows.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        x = at_least_single(input)
        variance, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
        means, variances = gather_rows(torch.stack([mean, variance])[None]).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        self._remember(mean.detach(), variance.detach(), len(means) * x.numel() // x.shape[1])
        scale = (variance + self.eps).rsqrt() if self.weight is None else self.weight * (variance + self.eps).rsqrt()
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        shape = (-1, *[1] * (x.ndim - 2))
        return torch.addcmul(shift.view(shape), x, scale.view(shape)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_((variance * (count / (count - 1))).to(self.running_var.dtype), self.momentum)
