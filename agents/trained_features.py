"""A features extractor of stable-baselines3 that is trained from reward: the encoder that models have, on views."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import get_flattened_obs_dim
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor

from ..seqjepa.encoder import ENCODERS, make_encoder

_LEVELS = 255


class TrainedFeatures(BaseFeaturesExtractor):
    """Every view through one encoder, beside all that is no view: what an agent learns with that has no world model.

    The encoder's batch normalisation keeps mean 0 and variance 1: algorithms compare what a policy did before an
    update and after it, between which statistics of batches would change.

    Args:
        observation_space: a Dict with views, (K, 3, H, W) uint8, such as those of `StackedVectorEnv`.
        encoder: a name in `seqjepa.encoder.ENCODERS`.
        encoder_width: channels of its first stage; None for its own.

    Raises:
        ValueError: for an unknown encoder, or a space without views.
    """

    def __init__(self, observation_space: spaces.Dict, encoder: str = "small", encoder_width: int | None = None):
        if encoder not in ENCODERS:
            raise ValueError(f"encoder={encoder!r} is not known; use one of {', '.join(map(repr, ENCODERS))}")
        entries = observation_space.spaces
        views = {key: _stacked(entry) for key, entry in entries.items() if _stacked(entry)}
        if not views:
            raise ValueError(f"there are no views, (K, 3, H, W) uint8, among the observations {list(entries)}")
        others = {key: get_flattened_obs_dim(entry) for key, entry in entries.items() if key not in views}
        width = ENCODERS[encoder].embedding_dim(encoder_width)
        super().__init__(observation_space, sum(views.values()) * width + sum(others.values()))
        self.views, self.others = list(views), list(others)
        self.encoder = make_encoder(encoder, encoder_width).eval()
        for weight in self.encoder.parameters():  # in channels_last, policies cannot initialise them
            weight.data = weight.data.contiguous()

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Observations as policies hand them over, (B, ...) float32 each -> (B, features_dim) float32."""
        views = torch.cat([observations[key] for key in self.views], dim=1)
        z = self.encoder(views.flatten(0, 1) / _LEVELS * 4 - 2).unflatten(0, views.shape[:2])
        return torch.cat([z.flatten(1), *(observations[key].flatten(1).float() for key in self.others)], dim=1)

    def train(self, mode: bool = True) -> Self:
        """Batch normalisation stays as it is."""
        super().train(mode)
        self.encoder.eval()
        return self


def _stacked(space: spaces.Space) -> int:
    """How many views are in a stack of them; 0 for anything else."""
    if not isinstance(space, spaces.Box) or space.dtype != np.uint8 or len(space.shape) != 4 or space.shape[1] != 3:
        return 0
    return space.shape[0]
