"""The paper's own scale: published data, sizes and epochs (Ghaemi, Muller & Bakhtiari, 2025, appendix)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ...seqjepa.evaluation import EvaluationConfig
from ...seqjepa.path_integration import PathIntegrationConfig
from ...seqjepa.retrieval import RetrievalConfig
from ...seqjepa.training_config import TrainingConfig
from .measurements import Settings
from .scale import Family, Scale

_BATCH = 512
_EPOCHS_OF_WARMUP = 20
_VIEWS = (1, 2, 3, 4, 5, 6, 7, 8)


def _training(epochs: int, **changes: Any) -> TrainingConfig:
    """AdamW, linear warm-up over 20 epochs to 4e-4, cosine down to 1e-5, in single precision, nothing clipped."""
    return replace(
        TrainingConfig(
            batch_size=_BATCH,
            learning_rate=4e-4,
            warmup=_EPOCHS_OF_WARMUP / epochs,
            weight_decay=1e-3,
            ema=0.996,
            clip=math.inf,
            bf16=False,
            save_every=2000,
            log_every=100,
        ),
        **changes,
    )


def _settings(train: int, test: int, policy: str | None = None) -> Settings:
    """One episode for each instance of either split; heads of the paper's width, trained for its 300 epochs."""
    episodes: dict[str, Any] = {"train_episodes": train, "test_episodes": test, "policy": policy, "repeats": 1}
    return Settings(
        EvaluationConfig(**episodes, views=_VIEWS),
        PathIntegrationConfig(**episodes),
        RetrievalConfig(observed=(1, 3)),
    )


_AUGMENTATIONS: dict[str, Any] = {
    "world": "augmentations",
    "action_dim": {"all": 9, "crop": 4, "jitter": 4, "blur": 1},
    "observed": 2,
    "epochs": 2000,
}
_CONVNET = {"learning_rate": 1e-3, "weight_decay": 0.0}

_ROTATIONS = Family(
    title="3DIEBench",
    world="stored-views",
    data="3diebench",
    source="3diebench:{}",
    options={"size": 128},
    action_dim=4,
    side=128,
    observed=3,
    outside_source="3diebench-ood:{}",
    instances=41_920,
    epochs=1000,
    encoder={"encoder": "resnet18"},
    training=_training(1000),
    settings=_settings(41_920, 10_552),
)

_STL10 = Family(
    title="STL-10",
    world="images",
    data="stl10",
    source="stl10:{}",
    maps="stl10-saliency",
    options={"size": 96, "fovea": 32, "saliency": "deepgaze"},
    training_options={"labelled": False},
    action_dim=2,
    side=32,
    observed=4,
    instances=100_000,
    epochs=2000,
    encoder={"encoder": "resnet18-cifar"},
    training=_training(2000, policy="saliency"),
    settings=_settings(5000, 8000, "saliency"),
)


def _imagenet(fovea: int) -> Family:
    """ImageNet-1k, on which nothing is trained: models of STL-10 look at it."""
    return replace(
        _STL10,
        title=f"ImageNet-1k, glimpses of {fovea} in 224 pixels",
        data="imagenet",
        source="imagenet:{}",
        maps="imagenet-saliency",
        options={"size": 224, "fovea": fovea, "saliency": "deepgaze"},
        training_options={},
        side=fovea,
        settings=_settings(1_281_167, 50_000, "saliency"),
    )


PAPER = Scale(
    name="paper",
    families={
        "rotations": _ROTATIONS,
        "rotations-colour": replace(
            _ROTATIONS,
            title="3DIEBench, rotation and colours",
            options={**_ROTATIONS.options, "latents": "rotcolor"},
            action_dim=6,
            observed=4,
        ),
        "rotations-long": replace(
            _ROTATIONS,
            title="3DIEBench, 2000 epochs, 256 pixels, batches of 1024",
            options={"size": 256},
            side=256,
            epochs=2000,
            training=_training(2000, batch_size=1024),
        ),
        "saccades": _STL10,
        "pictures": replace(
            _STL10,
            title="STL-10, whole pictures",
            maps="",
            options={"size": 96, "fovea": 96},
            training_world="augmentations",
            training_options={"size": 96, "labelled": False},
            action_dim=9,
            side=96,
            training=_training(2000, policy="uniform"),
            settings=_settings(5000, 8000, "centre"),
        ),
        "transfer-small": _imagenet(32),
        "transfer-large": _imagenet(84),
        "augmentations": Family(
            title="CIFAR-100",
            data="cifar100",
            source="cifar100:{}",
            options={},
            side=32,
            instances=50_000,
            encoder={"encoder": "resnet18-cifar"},
            training=_training(2000),
            settings=_settings(50_000, 10_000),
            **_AUGMENTATIONS,
        ),
        "augmentations-tiny": Family(
            title="Tiny ImageNet",
            data="tiny-imagenet",
            source="tiny-imagenet:{}",
            options={},
            side=64,
            instances=100_000,
            encoder={"encoder": "resnet18"},
            training=_training(2000),
            settings=_settings(100_000, 10_000),
            **_AUGMENTATIONS,
        ),
    },
    training={
        **dict.fromkeys(
            (
                "simclr",
                "byol",
                "vicreg",
                "vicreg-traj",
                "sen",
                "equimod",
                "sie",
                "conditional-byol",
                "conv-jepa",
            ),
            _CONVNET,
        ),
        "context-ssl": {"learning_rate": 5e-5 * _BATCH / 256, "warmup": 0.01},
    },
)
"""Seq-JEPA with the defaults of `SeqJEPAConfig` and baselines with those of theirs, which are the paper's. The released
code's optimisers and schedules are others (its faults Q9 and Q10 are mended)."""
