"""What the model takes, and words for what it does not."""

from typing import Protocol

import torch
from torch import Tensor


class Sequences(Protocol):
    """What the loss needs: views (B, M + 1, 3, H, W) and the actions (B, M, A) between them."""

    @property
    def views(self) -> Tensor: ...

    @property
    def actions(self) -> Tensor: ...


def check_views(views: Tensor, weight: Tensor) -> None:
    """Raises TypeError or ValueError unless `views` (..., 3, H, W) are uint8 or like `weight`, and on its device."""
    _check_tensor("views", views, weight)
    if views.dtype not in (torch.uint8, weight.dtype):
        raise TypeError(f"views must be uint8, or normalised and {weight.dtype} like the weights; got {views.dtype}")
    if views.ndim < 3 or views.shape[-3] != 3:
        raise ValueError(f"views must have shape (..., 3, H, W), got {tuple(views.shape)}")


def check_actions(actions: Tensor, shape: tuple[int, ...], weight: Tensor) -> None:
    """Raises TypeError or ValueError unless `actions` are floating point, of this shape, on the device of `weight`."""
    check_numbers("actions", actions, weight)
    if tuple(actions.shape) != shape:
        raise ValueError(f"actions must have shape {shape} here, got {tuple(actions.shape)}")


def read_sequences(batch: Sequences, action_dim: int, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The views and the actions of a batch.

    Raises TypeError or ValueError unless these are views (B, M + 1, 3, H, W) and actions (B, M, A), M >= 1.
    """
    if not (hasattr(batch, "views") and hasattr(batch, "actions")):
        raise TypeError(f"a batch must have views and actions, as rollouts have; got {type(batch).__name__}")
    views, actions = batch.views, batch.actions
    check_views(views, weight)
    if views.ndim != 5 or views.shape[1] < 2:
        raise ValueError(f"views must have shape (B, M + 1 >= 2, 3, H, W), got {tuple(views.shape)}")
    check_actions(actions, (views.shape[0], views.shape[1] - 1, action_dim), weight)
    return views, actions


def check_numbers(name: str, tensor: Tensor, weight: Tensor) -> None:
    """Raises TypeError or ValueError unless a tensor is floating point, no finer than `weight`, and on its device."""
    _check_tensor(name, tensor, weight)
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be floating point, got {tensor.dtype}")
    if tensor.dtype.itemsize > max(4, weight.dtype.itemsize):  # single and half precision mix under autocast
        raise TypeError(f"{name} must be {weight.dtype} like the weights, got {tensor.dtype}: use .to({weight.dtype})")


def _check_tensor(name: str, tensor: Tensor, weight: Tensor) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got {type(tensor).__name__}")
    if tensor.device != weight.device:
        raise ValueError(f"{name} are on {tensor.device}, the model is on {weight.device}")
