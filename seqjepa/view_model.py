"""What every model that learns from sequences of views is, whatever its loss."""

import os
from abc import ABC, abstractmethod
from itertools import chain
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import Tensor, nn

from ..envs.checks import check_number
from ..envs.devices import resolve_device
from .checkpoint import check_state, read_checkpoint, write_checkpoint
from .config import ViewModelConfig
from .ema import update_average
from .encoder import make_encoder
from .inputs import Sequences, check_views

ConfigType = TypeVar("ConfigType", bound=ViewModelConfig)


class ViewModel(nn.Module, ABC, Generic[ConfigType]):
    """An encoder that embeds views, a loss that trains it on sequences, and the files it is stored in.

    Attributes:
        Config: the class of the configuration, whose `method` is the name of the method.
        config: the configuration.
        encoder: normalised views (N, 3, H, W) to embeddings (N, D).
    """

    Config: ClassVar[type[ViewModelConfig]]

    def __init__(self, config: ConfigType) -> None:
        super().__init__()
        self.config = config
        self.encoder = make_encoder(config.encoder, config.encoder_width)
        self._set_normalisation()

    @classmethod
    def from_config(cls, config: ViewModelConfig) -> Self:
        """A freshly initialised model of this configuration."""
        return cls(**config.to_dict())

    def encode(self, views: Tensor) -> Tensor:
        """Views (..., 3, H, W) to embeddings z (..., D), for instance (B, L, 3, H, W) to (B, L, D).

        uint8 views are normalised here with the configuration's mean and std; float views, of the dtype of the
        weights, are taken as normalised already. Raises TypeError for other dtypes, ValueError for other shapes.
        """
        check_views(views, self._weight)
        return self._encode(self.encoder, views)

    # Training

    def loss(self, batch: Sequences) -> Tensor:
        """The training loss of a batch of sequences, a scalar. Raises as `loss_parts`."""
        return self.loss_parts(batch)["loss"]

    @abstractmethod
    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss and what it is made of, as scalar tensors: "loss" (with gradient), the others detached.

        Raises ValueError for shapes that do not fit, TypeError for dtypes.
        """

    def update_target(self, tau: float) -> None:
        """Moves the EMA targets towards the networks they follow; call it after each step of the optimiser.

        `tau` in [0, 1] is how much of a target stays. Without a target there is nothing to move.
        """
        check_number("tau", tau, 0, 1)
        for target, online in self._followers():
            update_average(target, online, tau)

    def _followers(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        """The EMA targets, each with the network it follows."""
        return ()

    # Files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the folder `path` with `model.safetensors` and `config.json`, whole or not at all.

        Replaces an earlier checkpoint there. Raises FileExistsError when `path` holds anything else.
        """
        write_checkpoint(path, self.config, self.state_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: str | torch.device = "cpu") -> Self:
        """The model that `save` wrote, on `device`, in eval mode.

        Raises FileNotFoundError when a file is missing, NotADirectoryError when the path is one, ValueError when one is
        damaged, does not fit the other, or holds a model of another method, or for a device that there is not.
        """
        resolve_device(device)
        config, state = read_checkpoint(path, (cls.Config,))
        return cls.restore(config, state, str(path), device)

    @classmethod
    def restore(cls, config: ViewModelConfig, state: dict[str, Tensor], origin: str, device: Any) -> Self:
        """The model of this configuration and these tensors, which were read from `origin`, in eval mode.

        Raises ValueError when they do not fit each other.
        """
        with torch.device("meta"):  # takes no memory before the weights are known to fit
            model = cls.from_config(config)
        stem = state.get(f"encoder.{next(name for name, _ in model.encoder.named_parameters())}")
        if stem is not None and stem.is_floating_point():
            model.to(stem.dtype)
        check_state(model, state, origin)
        model.to_empty(device=device).load_state_dict(state)
        model._set_normalisation()
        return model.eval()

    # Inside

    @property
    def _weight(self) -> Tensor:
        """A weight, which tells the device and the dtype of all; of a frozen encoder a buffer."""
        tensors = chain(self.encoder.parameters(), self.encoder.buffers())
        return next(tensor for tensor in tensors if tensor.is_floating_point())

    def _set_normalisation(self) -> None:
        mean, std = (
            torch.tensor(values, device=self._weight.device, dtype=self._weight.dtype).view(3, 1, 1)
            for values in (self.config.mean, self.config.std)
        )
        self.register_buffer("pixel_scale", 1 / (255 * std), persistent=False)
        self.register_buffer("pixel_shift", -mean / std, persistent=False)
        self.pixel_scale: Tensor
        self.pixel_shift: Tensor

    def _encode(self, encoder: nn.Module, views: Tensor) -> Tensor:
        flat = views.flatten(0, -4) if views.ndim > 3 else views[None]
        if flat.dtype == torch.uint8:
            flat = flat * self.pixel_scale + self.pixel_shift
        return encoder(flat).view(*views.shape[:-3], self.config.embedding_dim)
