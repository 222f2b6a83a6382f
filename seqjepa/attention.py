"""What the aggregator attends to: how much each view counts in the aggregate."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .eval_mode import evaluated
from .model import SeqJEPA


def aggregate_attention(model: SeqJEPA, z: Tensor, actions: Tensor | None = None) -> Tensor:
    """The attention weights from the learned token, at which the aggregate is read, to each view.

    A view is one token with the action that leaves it; the last is paired with none. The weights of a head are
    non-negative, and what they leave to 1 is the token's attention to itself. In all but the first layer a token holds
    something of the others already, so that weights tell what is read where, not what decided.

    Args:
        model: used in eval mode, and not changed.
        z: (B, M, D), embeddings of M views.
        actions: (B, M - 1, A) between them, as `SeqJEPA.aggregate` takes them.

    Returns:
        (B, layers, heads, M), of the dtype of `z`.

    Raises:
        ValueError, TypeError: as `SeqJEPA.aggregate`.
    """
    layers = model.aggregator.transformer.layers
    read: list[Tensor] = []
    hooks = [layer.register_forward_pre_hook(partial(_note, read)) for layer in layers]
    try:
        with evaluated(model):
            model.aggregate(z, actions)
            weights = [_of_first_token(layer, tokens) for layer, tokens in zip(layers, read, strict=True)]
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(weights, dim=1)


def _note(read: list[Tensor], layer: nn.Module, inputs: tuple[Any, ...]) -> None:
    read.append(inputs[0])


def _of_first_token(layer: Any, tokens: Tensor) -> Tensor:
    """The weights from the first token to the others in a layer. (B, 1 + M, W) -> (B, heads, M)."""
    _, weights = layer.self_attn(tokens[:, :1], tokens, tokens, need_weights=True, average_attn_weights=False)
    return weights[:, :, 0, 1:]
