"""Baselines so small that a training step takes milliseconds, and their parts written out in NumPy."""

from types import SimpleNamespace

import numpy as np
import torch
from saccadeworld.seqjepa.baselines import Baseline, make_baseline
from saccadeworld.seqjepa.baselines.heads import ConditionedHead, Head
from torch import nn

SMALL = {
    "simclr": {"projector": (24, 12)},
    "byol": {"projector": (24, 12), "predictor_hidden": 16},
    "vicreg": {"projector": (24, 12)},
    "vicreg-traj": {"projector": (24, 12)},
    "sen": {"projector": (24, 12), "action_embedding_dim": 6},
    "equimod": {"projector": (24, 12), "action_embedding_dim": 6},
    "sie": {"projector": (24, 12)},
    "conditional-byol": {"projector": (24, 12), "action_embedding_dim": 6, "predictor_hidden": 16},
    "conv-jepa": {"projector": (24, 12), "action_embedding_dim": 6, "predictor_hidden": 16},
    "context-ssl": {
        "pairs": 2,
        "masking": 0.0,
        "width": 16,
        "layers": 2,
        "heads": 2,
        "projection": 12,
        "regressor": (9,),
    },
}
"""Options of small heads for each method."""


def tiny_baseline(name: str, seed: int = 0, action_dim: int = 2, **options) -> Baseline:
    """Sixteen numbers z for each view."""
    torch.manual_seed(seed)
    return make_baseline(name, action_dim, "small", **{"encoder_width": 4} | SMALL[name] | options)


def tiny_batch(count: int = 6, length: int = 4, action_dim: int = 2, side: int = 8) -> SimpleNamespace:
    random = torch.Generator().manual_seed(1)
    views = torch.randint(0, 256, (count, length, 3, side, side), dtype=torch.uint8, generator=random)
    actions, poses = (torch.randn(count, steps, action_dim, generator=random) for steps in (length - 1, length))
    return SimpleNamespace(views=views, actions=actions, poses=poses)


def embeddings(model: Baseline, views: torch.Tensor, encoder: nn.Module | None = None) -> np.ndarray:
    """z of normalised views (..., 3, H, W), all in one pass, as a double-precision array."""
    config = model.config
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (config.mean, config.std))
    pixels = (views.float() / 255 - mean) / std
    with torch.no_grad():
        z = (encoder or model.encoder)(pixels.flatten(0, -4))
    return z.view(*views.shape[:-3], -1).double().numpy()


def head(module: nn.Module, x: np.ndarray, actions: np.ndarray | None = None) -> np.ndarray:
    """What a head in train mode makes of inputs (..., W)."""
    if isinstance(module, ConditionedHead):
        assert actions is not None
        e = normalise(module.action_embedding.norm, actions @ array(module.action_embedding.projection.weight).T)
        return head(module.head, np.concatenate([x, e], -1))
    assert isinstance(module, Head)
    for layer in module.layers:
        if isinstance(layer, nn.Linear):
            x = x @ array(layer.weight).T + (0 if layer.bias is None else array(layer.bias))
        elif isinstance(layer, nn.BatchNorm1d):
            x = normalise(layer, x)
        else:
            assert isinstance(layer, nn.ReLU)
            x = np.maximum(x, 0)
    return x


def normalise(layer: nn.BatchNorm1d, x: np.ndarray) -> np.ndarray:
    """Batch normalisation over all but the last dimension."""
    rows = x.reshape(-1, x.shape[-1])
    x = (x - rows.mean(0)) / np.sqrt(rows.var(0) + layer.eps)
    return x * array(layer.weight) + array(layer.bias) if layer.affine else x


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
