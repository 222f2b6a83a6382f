"""Exponential moving averages of a network (paper, section 3; Grill et al., "BYOL", NeurIPS 2020)."""

import math

import torch
from torch import Tensor, nn


def ema_rate(progress: float, base: float = 0.996) -> float:
    """tau at `progress` in [0, 1] through training: a half cosine from `base` up to 1."""
    return 1 - (1 - base) * (math.cos(math.pi * progress) + 1) / 2


@torch.no_grad()
def update_average(average: nn.Module, online: nn.Module, tau: float, buffers: bool) -> None:
    """Moves the parameters of `average` towards those of `online`: average <- tau average + (1 - tau) online.

    With `buffers` the running statistics follow at the same rate; counters of batches stay as they are.
    """
    averages: list[Tensor] = list(average.parameters())
    sources: list[Tensor] = list(online.parameters())
    if buffers:
        averages += [buffer for buffer in average.buffers() if buffer.is_floating_point()]
        sources += [buffer for buffer in online.buffers() if buffer.is_floating_point()]
    torch._foreach_lerp_(averages, sources, 1 - tau)  # pyright: ignore[reportPrivateImportUsage]
