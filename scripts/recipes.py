"""What the demo trains and evaluates in each world, and which parts of that are the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..seqjepa.evaluation import EvaluationConfig
from ..seqjepa.training import TrainingConfig


@dataclass(frozen=True)
class Recipe:
    """What the demo trains in one world.

    Attributes:
        title: of its part of the report.
        share: of the time for training.
        world: options of the world.
        built_in: more of them, for the built-in source alone.
        model: options of the model.
        training: how to train; its budget is set by the demo.
        evaluation: how to evaluate.
    """

    title: str
    share: float
    world: Mapping[str, Any]
    built_in: Mapping[str, Any]
    model: Mapping[str, Any]
    training: TrainingConfig
    evaluation: EvaluationConfig


BUILT_IN_COUNT = {"train": 6000, "test": 1000}
MODEL = {
    "encoder": "small",
    "action_embedding_dim": 64,
    "layers": 2,
    "dropout": 0.0,
    "predictor_hidden": 512,
    "prediction": "prefixes",
    "regulariser_weight": 0.1,
    "covariance_weight": 1.0,
}
_TRAINING = TrainingConfig(
    steps=None,
    minutes=1.0,
    batch_size=128,
    length=3,
    learning_rate=2e-3,
    warmup=0.1,
    ema=0.99,
    log_every=10,
    save_every=10**9,
)
_EVALUATION = EvaluationConfig(
    train_episodes=4500, test_episodes=1500, repeats=3, hidden=256, epochs=12, decay=0.1, bf16=True
)

RECIPES: dict[str, Recipe] = {
    "images": Recipe(
        title="Pictures under saccades",
        share=0.35,
        world={"size": 48, "fovea": 24},
        built_in={"clutter": 0.1},
        model=MODEL,
        training=replace(_TRAINING, policy="saliency"),
        evaluation=replace(_EVALUATION, policy="saliency"),
    ),
    "objects": Recipe(
        title="Objects under rotations",
        share=0.65,
        world={"size": 32, "stage": "setup"},
        built_in={},
        model=MODEL,
        training=replace(_TRAINING, policy="nearby"),
        evaluation=replace(_EVALUATION, policy="uniform", action_policy="nearby"),
    ),
}

PAPER_PARTS = (
    "the model: encoder, action embedding, transformer aggregator without positions or mask, predictor;",
    "the loss: one minus the cosine between the prediction and the embedding of the next view by an EMA of the "
    "encoder, whose rate rises to 1 by a half cosine;",
    "AdamW without decay on one-dimensional parameters, linear warm-up, cosine decay;",
    "the probes on frozen features in eval mode: a linear classifier, a linear regressor of saccades, an MLP for "
    "rotations, R2 averaged over the dimensions.",
)
OUR_PARTS = (
    "a compact encoder and a narrower aggregator of two layers; three views a sequence, of 24 and 32 pixels;",
    "a prediction after every prefix of the views instead of the last view only;",
    "a variance-covariance term on the embeddings (VICReg), of weight 0.1, in which the covariance counts as much as "
    "the variance: it keeps short runs from collapse, and in minutes it is what makes embeddings tell classes apart;",
    "an EMA that begins at 0.99 (paper: 0.996), a learning rate of 2e-3 (paper: 4e-4), gradient clipping;",
    "easy worlds: saliency by spectral residual; objects from a turntable (yaw within 90 degrees, tilts within 15) "
    "under one light, trained and probed for their rotations on walks of small rotations (at most 45 degrees, about "
    "any axis), which do not depend on where they start, and probed for their classes on views in any order; "
    "built-in pictures with a tenth of the contrast of photographs behind the thing;",
    "the regressor of rotations is smaller, has weight decay, and weighs all four dimensions alike;",
    "quaternions of canonical sign, glimpses exactly centred, one normalisation batch for all actions of a step.",
)
