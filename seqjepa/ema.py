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

    With `buffers` the running statistics follow at the same rate, and counters are copied.
    """
    _lerp(list(average.parameters()), list(online.parameters()), 1 - tau)
    if not buffers:
        return
    pairs = list(zip(average.buffers(), online.buffers(), strict=True))
    statistics = [pair for pair in pairs if pair[0].is_floating_point()]
    counters = [pair for pair in pairs if not pair[0].is_floating_point()]
    _lerp([a for a, _ in statistics], [o for _, o in statistics], 1 - tau)
    torch._foreach_copy_([a for a, _ in counters], [o for _, o in counters])


def _lerp(average: list[Tensor], online: list[Tensor], weight: float) -> None:
    torch._foreach_lerp_(average, online, weight)
