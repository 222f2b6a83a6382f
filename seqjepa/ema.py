"""Exponential moving averages of a network (paper, section 3; Grill et al., "BYOL", NeurIPS 2020)."""

import copy
import math
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def make_target(online: Network) -> Network:
    """A copy of `online` without gradient, to follow it as its moving average."""
    return copy.deepcopy(online).requires_grad_(False)


def ema_rate(progress: float, base: float = 0.996) -> float:
    """tau at `progress` in [0, 1] through training: a half cosine from `base` up to 1."""
    return 1 - (1 - base) * (math.cos(math.pi * progress) + 1) / 2


@torch.no_grad()
def update_average(average: nn.Module, online: nn.Module, tau: float) -> None:
    """Moves the parameters of `average` towards those of `online`: average <- tau average + (1 - tau) online.

    Buffers are left alone: averaged statistics are not those of averaged weights.
    """
    averages: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(averages, list(online.parameters()), 1 - tau)  # pyright: ignore[reportPrivateImportUsage]
