"""A features extractor of stable-baselines3 for observations without views: everything side by side."""

from __future__ import annotations

import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import get_flattened_obs_dim
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor


class FlatFeatures(BaseFeaturesExtractor):
    """The entries of a Dict one after the other; theirs has a module for each, and so no entry called "parameters".

    Args:
        observation_space: a Dict.
    """

    def __init__(self, observation_space: spaces.Dict):
        self.keys = list(observation_space.spaces)
        super().__init__(observation_space, sum(map(get_flattened_obs_dim, observation_space.spaces.values())))

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Observations as policies hand them over, (B, ...) float32 each -> (B, features_dim) float32."""
        return torch.cat([observations[key].flatten(1).float() for key in self.keys], dim=1)
