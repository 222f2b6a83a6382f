"""The scale of a laptop: built-in sources or your own folders, a small encoder, minutes for each training on two cores.

How hard the worlds are is chosen once, for all methods alike: see the options of each family. Every training of a
family costs as many floating point operations as seq-JEPA's main one, whose steps are given here; only what is ablated
has the same number of steps instead, as in the paper.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...envs.sources.banks import Split
from ...seqjepa.evaluation import EvaluationConfig
from ...seqjepa.path_integration import PathIntegrationConfig
from ...seqjepa.retrieval import RetrievalConfig
from ...seqjepa.training_config import TrainingConfig
from ..recipes import MODEL
from .measurements import Settings
from .scale import Family, Scale

_COUNT: dict[Split, dict[str, Any]] = {"train": {"count": 6000}, "test": {"count": 1000}}
_SCENES: dict[Split, dict[str, Any]] = {split: {**own, "clutter": 0.1} for split, own in _COUNT.items()}
_ENCODER = {"encoder": MODEL["encoder"]}
_MODEL = {**MODEL, "predictor_hidden": 1024, "regulariser_weight": 0.0}
_PROJECTOR: dict[str, Any] = {"projector": (256, 256, 256)}
_FOLLOWED: dict[str, Any] = {"projector": (512, 128), "predictor_hidden": 512}
_TRAINING = TrainingConfig(
    steps=500, batch_size=128, learning_rate=2e-3, warmup=0.1, ema=0.99, log_every=10, save_every=200
)
_EPISODES: dict[str, Any] = {
    "train_episodes": 4500,
    "test_episodes": 1500,
    "repeats": 1,
    "hidden": 256,
    "epochs": 12,
    "decay": 0.1,
    "bf16": True,
}
_VIEWS = (1, 2, 3, 4, 5, 6, 7, 8)
_ROTATION_STEPS = 700


def _settings(policy: str) -> Settings:
    return Settings(
        EvaluationConfig(**_EPISODES, views=_VIEWS, policy=policy),
        PathIntegrationConfig(**{**_EPISODES, "train_episodes": 12_000}, policy=policy),
        RetrievalConfig(scenes=300, observed=(1, 3), policy=policy, bf16=True),
    )


_ROTATIONS = Family(
    title="objects under rotations",
    world="objects",
    data="meshes",
    built_in=_COUNT,
    options={"size": 16, "stage": "setup", "colours": "grey", "rotations": "inner"},
    outside={"rotations": "outer"},
    lasting=3,
    action_dim=4,
    side=16,
    observed=3,
    model=_MODEL,
    encoder=_ENCODER,
    training=replace(_TRAINING, steps=_ROTATION_STEPS, policy="uniform"),
    settings=_settings("uniform"),
)

_SACCADES = Family(
    title="pictures under saccades",
    world="images",
    data="images",
    built_in=_SCENES,
    options={"size": 48, "fovea": 16},
    action_dim=2,
    side=16,
    observed=4,
    lasting=3,
    model=_MODEL,
    encoder=_ENCODER,
    training=replace(_TRAINING, policy="saliency"),
    settings=_settings("saliency"),
)


def _other_pictures(fovea: int) -> Family:
    """Pictures on which nothing is trained."""
    return replace(
        _SACCADES,
        title=f"other pictures, glimpses of {fovea} in 48 pixels",
        data="other-images",
        built_in={split: {**own, "source_seed": 1, "clutter": 1.0} for split, own in _SCENES.items()},
        options={"size": 48, "fovea": fovea},
        side=fovea,
    )


LAPTOP = Scale(
    name="laptop",
    families={
        "rotations": _ROTATIONS,
        "rotations-colour": replace(
            _ROTATIONS,
            title="objects under rotations and changes of colour",
            options={**_ROTATIONS.options, "latents": "rotcolor"},
            action_dim=6,
        ),
        "rotations-long": replace(
            _ROTATIONS,
            title="objects under rotations, twice the compute",
            training=replace(_ROTATIONS.training, steps=2 * _ROTATION_STEPS),
        ),
        "saccades": _SACCADES,
        "pictures": replace(
            _SACCADES,
            title="whole pictures",
            options={"size": 48, "fovea": 48},
            training_world="augmentations",
            training_options={"size": 48},
            action_dim=9,
            side=48,
            training=replace(_SACCADES.training, policy="uniform"),
            settings=_settings("centre"),
        ),
        "transfer-small": _other_pictures(16),
        "transfer-large": _other_pictures(24),
        "augmentations": Family(
            title="pictures under augmentations",
            world="augmentations",
            data="images",
            built_in=_SCENES,
            options={"size": 32},
            action_dim={"all": 9, "crop": 4, "jitter": 4, "blur": 1},
            side=32,
            observed=2,
            model=_MODEL,
            encoder=_ENCODER,
            training=_TRAINING,
            settings=_settings("uniform"),
        ),
    },
    baselines={
        **dict.fromkeys(("simclr", "vicreg", "vicreg-traj", "sen", "equimod", "sie"), _PROJECTOR),
        "byol": {**_PROJECTOR, "predictor_hidden": 256},
        **{name: {**_FOLLOWED, "action_embedding_dim": 64} for name in ("conditional-byol", "conv-jepa")},
        "context-ssl": {"width": 256, "projection": 128, "regressor": (256, 256)},
    },
    milestones=(0.25, 0.5, 0.75),
)
"""Baselines have the paper's losses and weights, and heads that are narrower as the encoder is."""
