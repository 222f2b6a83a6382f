"""Where there is evidence of the class to be expected: learned from what views have told of it before."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...envs.checks import check_fields, check_number, check_whole
from ...envs.rollout import Policy
from ...envs.worlds import World
from ...seqjepa import SeqJEPA
from ...seqjepa.features import extract_features, spread_scenes
from ...seqjepa.probes import Probe, fit_mlp
from ..belief import ClassBelief
from ..memory import check_aggregates
from .imagination import Imagined


@dataclass(frozen=True, kw_only=True)
class EvidenceConfig:
    """How the expectation is fitted.

    Attributes:
        views: of an episode; each but the first has told something.
        episodes: over the scenes of the training split.
        hidden: width of the MLP.
        epochs: passes of its training.
        decay: its weight decay.
        seed: of the first episode.
        bf16: whether to run the model under bfloat16 autocast.

    Raises:
        TypeError, ValueError: for values out of range.
    """

    views: int = 4
    episodes: int = 24_000
    hidden: int = 64
    epochs: int = 5
    decay: float = 1.0
    seed: int = 0
    bf16: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        for name, low in (("views", 2), ("episodes", 1), ("hidden", 1), ("epochs", 1), ("seed", 0)):
            check_whole(name, getattr(self, name), low)
        check_number("decay", self.decay, 0)


class ExpectedEvidence:
    """How much evidence of the true class a plan's first view is expected to give, in nats, with its sign turned.

    Evidence is what a view adds to the logarithm of the probability that a linear classifier on the aggregate gives to
    the true class; its expectation, given what has been seen and the action, is the expected information gain of the
    action, as far as the classifier is right. The one view that the model expects does not tell how sure it is of that,
    and the belief after it is hardly better than a guess; so the expectation is learned, from what the predictor reads.
    Single views tell little and by chance, hence a small MLP, much decay and few passes.

    Costs are to be compared among the plans of a row: where classifiers have learned first views by heart, and are sure
    of what is wrong, any further view is evidence.

    Args:
        model: whose aggregates these are.
        expectation: what the predictor reads, (N, W), to expected evidence, (N, 1).
        belief: whose evidence it is.
    """

    def __init__(self, model: SeqJEPA, expectation: Probe, belief: ClassBelief):
        self.model = model
        self.expectation = expectation
        self.belief = belief

    @classmethod
    def fit(
        cls, model: SeqJEPA, world: World, policy: str | Policy, config: EvidenceConfig | None = None
    ) -> ExpectedEvidence:
        """Learned from the labels of the training split.

        Evidence is measured by classifiers that were fitted on other scenes, see `ClassBelief`.

        Args:
            model: frozen.
            world: over the training split.
            policy: who moves: all that will be planned should come about by it.
            config: how.

        Raises:
            TypeError: for a model that does not aggregate.
            ValueError: for a world without classes, or a model made for other actions.
        """
        config = config or EvidenceConfig()
        check_aggregates(model)
        if not world.classes:
            raise ValueError("there are no classes to find evidence of: these scenes have no labels, choose others")
        lengths = range(1, config.views + 1)
        features = extract_features(model, world, config.episodes, lengths, policy, config.seed, config.bf16)
        scenes = spread_scenes(world, config.episodes)
        belief = ClassBelief.of(features, scenes, len(world.classes))
        told = belief.told(features, scenes)
        evidence = told[:, 1:] - told[:, :-1]
        before = torch.stack([features.aggregates[m] for m in range(1, config.views)], dim=1)
        with torch.no_grad():
            inputs = model.predictor_input(before, features.actions).float()
        expectation = fit_mlp(
            inputs.flatten(0, 1),
            evidence.flatten()[:, None],
            config.hidden,
            config.epochs,
            decay=config.decay,
            seed=config.seed,
            bf16=config.bf16,
        )
        return cls(model, expectation, belief)

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        inputs = self.model.predictor_input(*imagined.first_step)
        return -self.expectation(inputs.float())[:, 0].unflatten(0, imagined.actions.shape[:2])
