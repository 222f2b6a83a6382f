"""Checkpoints of the released seq-JEPA code (https://huggingface.co/Hafez/seq-JEPA), read without executing them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from .config import SeqJEPAConfig
from .tensor_files import load_tensors

Channels = tuple[float, float, float]

STL10: tuple[Channels, Channels] = ((0.4467, 0.4398, 0.4066), (0.2241, 0.2215, 0.2239))
DIEBENCH: tuple[Channels, Channels] = ((0.5016, 0.5037, 0.5060), (0.1030, 0.0999, 0.0969))
PUBLISHED = {
    (2, "resnet18-cifar"): STL10,  # saccades
    (4, "resnet18"): DIEBENCH,  # rotation
    (6, "resnet18"): DIEBENCH,  # rotation and colour
}
"""Mean and std of the views that each published kind (action_dim, encoder) was trained on."""

NAMES = {
    "agg_token": "aggregator.token",
    "transformer_encoder.transformer_encoder.": "aggregator.transformer.",
    "transformer_encoder.norm.": "aggregator.transformer.norm.",
    "action_proj.0.": "action_embedding.projection.",
    "action_proj.1.": "action_embedding.norm.",
    "predictor.0.": "predictor.hidden.",
    "predictor.1.": "predictor.norm.",
    "predictor.3.": "predictor.output.",
}
"""What the released code calls its tensors, and what they are called here; encoders have the same names."""

PROBES = re.compile(r"^(online_\w+|\w+_regressor|\w+_classifier)\.")


def read_official(
    path: str | os.PathLike[str], mean: Channels | None = None, std: Channels | None = None
) -> tuple[SeqJEPAConfig, dict[str, Tensor]]:
    """Configuration and tensors, under the names used here, of a checkpoint of the released code.

    The file holds the training dictionary with the field "model", or that field alone; names may start with
    "module.". Probe heads are dropped. All sizes are read off the tensors; the number of attention heads cannot be, it
    is 4 as in every released model. Image statistics of the published kinds are known: STL-10 saccades, 3DIEBench
    rotation, 3DIEBench rotation and colour; for any other, give `mean` and `std` ([0, 1] units).

    Raises FileNotFoundError; ValueError for a file that is damaged, holds code, or is no such checkpoint.
    """
    state = _model_tensors(load_tensors(Path(path)), path)
    try:
        config = _infer_config(state, mean, std)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if config.conditioning == "none":  # the released saccade class keeps a projector that it does not use
        state = {name: tensor for name, tensor in state.items() if not name.startswith("action_proj.")}
    return config, {_own_name(name): tensor for name, tensor in state.items()}


def _model_tensors(content: Any, path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The model's tensors under the released names, without prefix and probes."""
    state = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise ValueError(f"{path} holds neither a state dictionary nor a training checkpoint with the field 'model'")
    state = {str(name).removeprefix("module."): tensor for name, tensor in state.items()}
    for name, tensor in state.items():
        if tensor.untyped_storage().nbytes() < tensor.nbytes:
            raise ValueError(f"{path}: {name} claims shape {tuple(tensor.shape)}, but has not that much data")
    return {name: tensor for name, tensor in state.items() if not PROBES.match(name)}


def _own_name(name: str) -> str:
    for theirs, ours in NAMES.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def _infer_config(state: Mapping[str, Tensor], mean: Channels | None, std: Channels | None) -> SeqJEPAConfig:
    width, _, _, kernel = _shape(state, "encoder.conv1.weight", 4)
    encoder = "resnet18-cifar" if kernel == 3 else "resnet18"
    embedding_dim, hidden = _shape(state, "predictor.3.weight", 2)
    action_embedding_dim, action_dim = _shape(state, "action_proj.0.weight", 2)
    token_dim = _shape(state, "agg_token", 3)[2]
    layers = {
        name.split(".")[3] for name in state if name.startswith("transformer_encoder.transformer_encoder.layers.")
    }
    known_mean, known_std = PUBLISHED.get((action_dim, encoder), (None, None))
    mean, std = mean or known_mean, std or known_std
    if mean is None or std is None:
        raise ValueError(
            f"which images a {encoder} with actions of {action_dim} components was trained on is not known: "
            "give mean= and std= of their channels"
        )
    return SeqJEPAConfig(
        action_dim=action_dim,
        encoder=encoder,
        encoder_width=width,
        mean=mean,
        std=std,
        action_embedding_dim=action_embedding_dim,
        layers=len(layers),
        predictor_hidden=hidden,
        target="ema" if "target_encoder.conv1.weight" in state else "stop-gradient",
        conditioning="none" if token_dim == embedding_dim else "both",
        compatibility="official",
    )


def _shape(state: Mapping[str, Tensor], name: str, dimensions: int) -> tuple[int, ...]:
    if name not in state or state[name].ndim != dimensions:
        missing = f"it has no {name} of {dimensions} dimensions"
        raise ValueError(f"this is no seq-JEPA checkpoint of the released code: {missing}")
    return tuple(state[name].shape)
