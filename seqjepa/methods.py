"""Every method there is to learn from sequences of views, by name: seq-JEPA and its baselines."""

import os
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from ..envs.checks import check_name
from ..envs.devices import resolve_device
from .baselines import BASELINES, make_baseline
from .checkpoint import read_checkpoint
from .config import ViewModelConfig
from .model import SeqJEPA
from .view_model import ViewModel

METHODS: MappingProxyType[str, type[ViewModel[Any]]] = MappingProxyType({SeqJEPA.Config.method: SeqJEPA, **BASELINES})


def make_model(method: str, action_dim: int, **options: Any) -> ViewModel[Any]:
    """The model of a method by its name in `METHODS`, freshly initialised, for actions of `action_dim` numbers.

    `options` are the further fields of its configuration. Raises ValueError or TypeError for a name, a field or a value
    that there is not.
    """
    check_name("method", method, METHODS)
    if method == SeqJEPA.Config.method:
        return SeqJEPA(action_dim, **options)
    return make_baseline(method, action_dim, **options)


def load_model(path: str | os.PathLike[str], device: str | torch.device = "cpu") -> ViewModel[Any]:
    """The model that was saved in the folder `path`, of whatever method, on `device`, in eval mode.

    Raises FileNotFoundError when a file is missing, NotADirectoryError when the path is one, ValueError when one is
    damaged or does not fit the other, or for a device that there is not.
    """
    resolve_device(device)
    config, state = read_any_checkpoint(path)
    return METHODS[config.method].restore(config, state, str(path), device)


def read_any_checkpoint(path: str | os.PathLike[str]) -> tuple[ViewModelConfig, dict[str, Tensor]]:
    """The configuration and the tensors (on the CPU) of a checkpoint of any method. Raises as `read_checkpoint`."""
    return read_checkpoint(path, [method.Config for method in METHODS.values()])
