"""Optimiser and schedules of training (paper, appendix: AdamW, linear warm-up, cosine decay)."""

from __future__ import annotations

import math

import torch
from torch import nn


def make_optimiser(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW over the trainable parameters, without decay on one-dimensional ones (biases and normalisation)."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def learning_rate(progress: float, peak: float, warmup: float, start: float = 0.025, end: float = 0.025) -> float:
    """The learning rate at a progress in [0, 1]: linear from `start` to 1 times the peak, then a cosine down to `end`.

    The paper's 1e-5, 4e-4 and 1e-5 are the defaults' shares of its peak.

    Args:
        progress: share of the training that is done.
        peak: the highest rate.
        warmup: share of the training that is warm-up, in [0, 1).
        start, end: shares of the peak.
    """
    if progress < warmup:
        return peak * (start + (1 - start) * progress / warmup)
    fall = (progress - warmup) / (1 - warmup)
    return peak * (end + (1 - end) * (1 + math.cos(math.pi * min(fall, 1.0))) / 2)
