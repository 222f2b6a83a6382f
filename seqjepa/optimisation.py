"""Optimiser and schedules of training (paper, appendix: AdamW, linear warm-up, cosine decay)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .ranks import placed_like, whole


def make_optimiser(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW over the trainable parameters, without decay on one-dimensional ones (biases and normalisation)."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The state of the optimiser of a model by name, "PARAMETER:QUANTITY", on the CPU.

    All ranks must ask for it.
    """
    return {
        f"{name}:{quantity}": whole(value).cpu().contiguous()
        for name, parameter in model.named_parameters()
        for quantity, value in sorted(optimiser.state.get(parameter, {}).items())  # in the same order on all ranks
    }


def restore_optimiser(
    optimiser: torch.optim.AdamW, model: nn.Module, tensors: Mapping[str, Tensor], origin: str
) -> None:
    """Give an optimiser back what `optimiser_tensors` took; `origin` is named in errors.

    Raises:
        ValueError: when the tensors are not those of an AdamW on this model.
    """
    parameters = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    expected: dict[str, tuple[nn.Parameter, torch.Size]] = {}
    for name, parameter in parameters.items():
        expected[f"{name}:step"] = parameter, torch.Size()
        expected[f"{name}:exp_avg"] = expected[f"{name}:exp_avg_sq"] = parameter, parameter.shape
    wrong = list(expected.keys() ^ tensors.keys())
    wrong += [key for key in expected.keys() & tensors.keys() if tensors[key].shape != expected[key][1]]
    if tensors and wrong:
        raise ValueError(f"{origin} does not fit the model: {len(wrong)} entries, such as {min(wrong)}")
    for key, value in tensors.items():
        parameter, shape = expected[key]
        # In the parameter's own order of memory, which the fused step takes for granted.
        placed = placed_like(value, parameter) if shape else value.to(parameter.device, copy=True)
        optimiser.state[parameter][key.rsplit(":", 1)[1]] = placed


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
