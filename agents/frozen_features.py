"""A features extractor of stable-baselines3: a frozen model in the place of a network that would be trained."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Self

import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import get_flattened_obs_dim, is_image_space
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from ..seqjepa import load_model
from ..seqjepa.view_model import ViewModel


class FrozenFeatures(BaseFeaturesExtractor):
    """Embeddings of the views in an observation, beside all that is no view; give it to `policy_kwargs`.

    ``PPO("MultiInputPolicy", env, policy_kwargs={"features_extractor_class": FrozenFeatures,
    "features_extractor_kwargs": {"model": "run/model"}})``

    The model stays as it is: no gradient reaches it, the initialisation of policies does not touch it, and in
    training, too, its batch normalisation uses and keeps its own statistics. Its weights are part of the policy's
    state. It sees one view at a time: for aggregates, and for views that are encoded only once, see
    `EncodedVectorEnv`.

    Args:
        observation_space: a Dict with views, (3, H, W) uint8.
        model: the folder of a checkpoint, or a model, which is copied.
        divided: whether the policy divides views by 255, as it does unless made with `normalize_images=False`.

    Raises:
        TypeError: for a space that is not a Dict.
        ValueError: for a space without views, or a checkpoint that does not fit.
        FileNotFoundError: for a checkpoint that is not there.
    """

    def __init__(
        self, observation_space: spaces.Space, model: str | os.PathLike[str] | ViewModel, divided: bool = True
    ):
        if not isinstance(observation_space, spaces.Dict):
            raise TypeError(f"observations must be a Dict with views in it, got {observation_space}")
        entries = observation_space.spaces
        views = [key for key, entry in entries.items() if is_image_space(entry, check_channels=True)]
        if not views:
            raise ValueError(f"there is no view, (3, H, W) uint8, among the observations {list(entries)}")
        frozen = model if isinstance(model, ViewModel) else load_model(model)
        others = {key: get_flattened_obs_dim(entry) for key, entry in entries.items() if key not in views}
        super().__init__(observation_space, len(views) * frozen.config.embedding_dim + sum(others.values()))
        self.views, self.others, self.divided = views, list(others), divided
        self.model = _frozen(frozen)

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Observations as policies hand them over, (B, ...) float32 each -> (B, features_dim) float32."""
        views = torch.cat([observations[key] for key in self.views])
        scale = 255 if self.divided else 1
        z = self.model.encode((views * scale).round().to(torch.uint8)).float()
        parts = [*z.chunk(len(self.views)), *(observations[key].flatten(1).float() for key in self.others)]
        return torch.cat(parts, dim=1)

    def train(self, mode: bool = True) -> Self:
        """The model stays in eval mode."""
        super().train(mode)
        self.model.eval()
        return self

    def apply(self, fn: Callable[[nn.Module], object]) -> Self:
        """Nothing: policies initialise their extractors in this way."""
        return self


def _frozen(model: ViewModel) -> ViewModel:
    """A copy in eval mode whose weights are buffers.

    So they are nothing that optimisers, or the averages that follow networks and round a little at every step, know of.
    """
    frozen = copy.deepcopy(model).eval()
    for module in frozen.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, weight.detach())
    return frozen
