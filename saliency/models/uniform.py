"""No saliency: everywhere is as worth looking at as anywhere else."""

from __future__ import annotations

import torch
from torch import Tensor

from .model import SaliencyModel


class Uniform(SaliencyModel):
    """The same for all pixels: what any model of saliency has to be better than."""

    def _score(self, pictures: Tensor) -> Tensor:
        return torch.ones(pictures.shape[:3], device=pictures.device)
