"""What training costs, counted before it is done: the floating point operations of a step."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from .config import ViewModelConfig
from .methods import METHODS


class _Batch(NamedTuple):
    """Sequences without content."""

    views: Tensor
    actions: Tensor
    poses: Tensor


def step_operations(config: ViewModelConfig, view_shape: tuple[int, int, int], batch_size: int, length: int) -> int:
    """Floating point operations of the loss and its gradient on one batch, an addition and a multiplication being two.

    Counted are convolutions, matrix products and attention, forward and backward, by PyTorch's own counter on tensors
    without memory; left out are what takes far fewer (normalisation, the optimiser, averages) and the world's views.
    Methods whose steps are made of unequal work can so be given equal compute, on whatever machine.

    Args:
        config: of the model, of any method.
        view_shape: (3, H, W).
        batch_size: B, sequences.
        length: L, views of each.
    """
    with torch.device("meta"):
        model = METHODS[config.method].from_config(config).train()
        batch = _Batch(
            torch.empty(batch_size, length, *view_shape, dtype=torch.uint8),
            torch.empty(batch_size, length - 1, config.action_dim),
            torch.empty(batch_size, length, config.action_dim),
        )
        with FlopCounterMode(display=False) as counter:
            model.loss_parts(batch)["loss"].backward()
    return counter.get_total_flops()


def encoding_operations(config: ViewModelConfig, view_shape: tuple[int, int, int]) -> int:
    """Floating point operations of embedding one view."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        encoder: Any = METHODS[config.method].from_config(config).eval()
        encoder.encode(torch.empty(1, *view_shape, dtype=torch.uint8))
    return counter.get_total_flops()
