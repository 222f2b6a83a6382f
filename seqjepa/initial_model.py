"""The model that a training begins with."""

from __future__ import annotations

from typing import Any, TypeVar

import torch

from .experience import Experience
from .methods import make_model
from .training_config import TrainingConfig
from .view_model import ViewModel
from .view_statistics import view_statistics

Model = TypeVar("Model", bound=ViewModel[Any])


def initial_model(method: str, world: Experience, training: TrainingConfig, **options: Any) -> ViewModel[Any]:
    """A fresh model of a method for a world, on the world's device.

    Its weights are those of the training's seed; it normalises views by their mean and deviation under the training's
    policy, and knows which world's they are. It leaves PyTorch's global generator behind the draws of its weights.

    Args:
        method: a name in `METHODS`.
        world: what it will learn from.
        training: how.
        options: further fields of the configuration of the model.

    Raises:
        ValueError, TypeError: as `make_model`.
    """
    mean, std = view_statistics(world, training.policy)
    torch.manual_seed(training.seed)
    return make_model(method, world.action_dim, mean=mean, std=std, views=world.optics, **options).to(world.device)


def untrained_twin(model: Model, seed: int) -> Model:
    """A fresh model of the same configuration, on the same device and in eval mode, with the weights of a seed."""
    torch.manual_seed(seed)
    return type(model).from_config(model.config).to(next(model.parameters()).device).eval()
