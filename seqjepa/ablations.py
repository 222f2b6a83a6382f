"""The ablations of seq-JEPA by name: what each changes of the model, the world, the training and the evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from ..envs.checks import check_name
from ..envs.worlds import WORLDS
from .disturbances import Disturbance
from .evaluation import EvaluationConfig
from .training_config import TrainingConfig


class Run(NamedTuple):
    """What a run is made of: options of the world and of the model, how to train, and how to evaluate."""

    world: Mapping[str, Any]
    model: Mapping[str, Any]
    training: TrainingConfig
    evaluation: EvaluationConfig


@dataclass(frozen=True)
class Ablation:
    """What is changed of a run, and nothing else.

    Attributes:
        title: what it is, for tables.
        origin: where it is published; empty for those that are not.
        worlds: names of the worlds in which it means something.
        world: options of the world.
        model: options of the model.
        training: fields of the configuration of training.
        evaluation: fields of that of evaluation.
    """

    title: str
    origin: str = ""
    worlds: tuple[str, ...] = tuple(WORLDS)
    world: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def retrains(self) -> bool:
        """Whether a model has to be trained for it; otherwise that of the full run is evaluated."""
        return bool(self.world or self.model or self.training)


_GAZE = ("images",)

ANTI_COLLAPSE: MappingProxyType[str, Mapping[str, Any]] = MappingProxyType(
    {
        f"{target}-{name}": {"target": target, **options}
        for target in ("ema", "stop-gradient")
        for name, options in {
            "alone": {"regulariser_weight": 0.0},
            "variance": {"regulariser_weight": 0.1, "covariance_weight": 0.0},
            "variance-covariance": {"regulariser_weight": 0.1, "covariance_weight": 1.0},
            "sketched-gaussian": {"regulariser": "sketched-gaussian", "regulariser_weight": 1.0},
        }.items()
    }
)
"""What keeps embeddings from collapse, by name: who makes the target, and which term stands beside the prediction."""

ABLATIONS: MappingProxyType[str, Ablation] = MappingProxyType(
    {
        "none": Ablation("nothing left out"),
        "no-action": Ablation("no actions", "paper, tables 1 to 4", model={"conditioning": "none"}),
        "no-predictor-action": Ablation(
            "actions for the aggregator alone", "paper, table 4", model={"conditioning": "aggregator"}
        ),
        "no-aggregator-action": Ablation(
            "actions for the predictor alone", "paper, table 4", model={"conditioning": "predictor"}
        ),
        **{
            f"action-width-{width}": Ablation(
                f"action embedding of width {width}", "paper, table 4", model={"action_embedding_dim": width}
            )
            for width in (16, 64, 128, 256)
        },
        "no-saliency": Ablation(
            "uniform fixations, without inhibition",
            "paper, table 3",
            _GAZE,
            training={"policy": "uniform"},
            evaluation={"policy": "uniform"},
        ),
        "no-inhibition": Ablation("no inhibition of return", "paper, table 3", _GAZE, world={"inhibition": "off"}),
        "motor-noise": Ablation(
            "movements that miss by a share of their size, of deviation 0.4",
            worlds=("images", "objects"),
            world={"motor_noise": 0.4},
        ),
        "stop-gradient": Ablation(
            "no EMA: the encoder itself makes the target", "released code", model={"target": "stop-gradient"}
        ),
        **{
            name: Ablation(f"against collapse: {name.replace('-', ' ')}", "not in the paper", model=options)
            for name, options in ANTI_COLLAPSE.items()
        },
        "shuffled-order": Ablation(
            "views in a random order, at inference", evaluation={"disturbance": Disturbance("shuffled")}
        ),
        "mismatched-order": Ablation(
            "views in a random order beside unchanged actions, at inference",
            evaluation={"disturbance": Disturbance("mismatched")},
        ),
        **{
            f"noisy-actions-{deviation}": Ablation(
                f"noise of deviation {deviation} on actions, at inference",
                evaluation={"disturbance": Disturbance(action_noise=deviation)},
            )
            for deviation in (0.05, 0.1, 0.2, 0.4)
        },
    }
)
"""The ablations by name. Noise is in the world's units: sides of the picture, radians, see `Disturbance`."""


def ablate(name: str, world_name: str, run: Run) -> Run:
    """The run with what the ablation `name` changes of it, in the world `world_name`.

    "no-inhibition" leaves the policy as it is, which should be one of saliency, and "action-width-128" is the paper's
    own width.

    Raises:
        ValueError: for an unknown name, or an ablation that means nothing in that world.
    """
    check_name("ablation", name, ABLATIONS)
    ablation = ABLATIONS[name]
    check_name(f"world of the ablation {name!r}", world_name, ablation.worlds)
    return Run(
        {**run.world, **ablation.world},
        {**run.model, **ablation.model},
        replace(run.training, **ablation.training),
        replace(run.evaluation, **ablation.evaluation),
    )
