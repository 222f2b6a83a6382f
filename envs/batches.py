"""What goes in and out of the vector environment: batches as arrays or tensors, and infos in Gymnasium's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor


def read_actions(actions: Any, space: spaces.Space) -> Tensor:
    """Actions as a tensor, float32, or int64 for a space of whole numbers; where they are, their values unchecked.

    Raises:
        TypeError: for what is not numbers, or not whole ones.
        ValueError: for another shape than the space's.
    """
    whole = not isinstance(space, spaces.Box)
    if isinstance(actions, Tensor):
        if actions.layout != torch.strided:
            raise TypeError(f"actions must be a dense tensor, got one of {actions.layout}")
        real = not (actions.dtype == torch.bool or actions.is_complex())
        if not real or (whole and actions.is_floating_point()):
            raise TypeError(f"actions must be {'whole' if whole else 'real'} numbers, got {actions.dtype}")
        actions = actions.detach()
    else:
        try:
            array = np.asarray(actions)
        except ValueError as error:
            raise ValueError(f"actions must be an array of shape {space.shape}, got {actions!r}: {error}") from error
        if array.dtype.kind not in ("iu" if whole else "fiu"):
            raise TypeError(f"actions must be {'whole ' if whole else ''}numbers, got {array.dtype}: {actions!r}")
        actions = torch.from_numpy(array.astype(np.int64 if whole else np.float64))
    if actions.shape != space.shape:
        raise ValueError(f"actions have shape {tuple(actions.shape)}; use {space.shape}")
    return actions.long() if whole else actions.float()


def present(batch: Mapping[str, Tensor], output: str) -> dict[str, Any]:
    """Tensors as they are handed out: themselves, or as NumPy arrays."""
    return {key: value if output == "torch" else value.cpu().numpy() for key, value in batch.items()}


def masked(info: Mapping[str, Any], mask: Any) -> dict[str, Any]:
    """An info in Gymnasium's vector form: beside every key `_key`, (N,) bool, the rows that have it."""
    return {name: part for key, value in info.items() for name, part in ((key, value), (f"_{key}", mask))}


def first(batch: Mapping[str, Any]) -> dict[str, Any]:
    """The only row of a batch."""
    return {key: value[0] for key, value in batch.items()}


def first_info(info: Mapping[str, Any]) -> dict[str, Any]:
    """The info of the only row: numbers of NumPy as Python's own, which Gymnasium's vectors tell the types of."""
    row = first({key: value for key, value in info.items() if not key.startswith("_")})
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
