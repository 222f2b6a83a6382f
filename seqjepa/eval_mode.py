"""Models as they are evaluated: in eval mode, without gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """The model in eval mode and gradients off while this is entered; then its mode is as it was."""
    training = model.training
    if training:  # the mode of every module is changed, which takes longer than a small one computes
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        if training:
            model.train()
