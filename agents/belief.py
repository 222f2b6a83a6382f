"""What the views seen so far tell of the class: a linear classifier on the aggregates of a frozen model."""

from __future__ import annotations

import torch
from torch import Tensor

from ..envs.rollout import Policy
from ..envs.tasks import Rows
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.features import extract_features
from ..seqjepa.probes import Probe, fit_class_scores
from .memory import Seen


class ClassBelief:
    """The probability of each class, given how many views there are and what they show.

    Args:
        probes: for 1, 2 ... views, from aggregates (N, W) to the logarithm of each class's probability, (N, C), up to a
            constant a row. With more views than that the last one is asked.
    """

    def __init__(self, probes: list[Probe]):
        self.probes = probes

    @classmethod
    def fit(
        cls,
        model: SeqJEPA,
        world: World,
        views: int,
        *,
        policy: str | Policy | None = None,
        episodes: int = 4500,
        seed: int = 0,
        bf16: bool = False,
    ) -> ClassBelief:
        """Fitted on episodes of the training split, one classifier for each number of views, see `fit_class_scores`.

        Args:
            model: frozen.
            world: over the training split.
            views: for how many views at most.
            policy: who moves, see `World.rollout`.
            episodes: to fit on.
            seed: of the first episode.
            bf16: whether to run the model under bfloat16 autocast.

        Raises:
            ValueError: for a world without classes, or a model made for other actions.
        """
        if not world.classes:
            raise ValueError("there are no classes to believe in: these scenes have no labels, choose others")
        features = extract_features(model, world, episodes, range(1, views + 1), policy, seed, bf16)
        classes = len(world.classes)
        return cls([fit_class_scores(features.aggregates[m], features.labels, classes) for m in features.aggregates])

    def __call__(self, aggregates: Tensor, counts: Tensor) -> Tensor:
        """The logarithms of the probabilities.

        Args:
            aggregates: (N, W) float32.
            counts: (N,) int64, of how many views each is.

        Returns:
            (N, C) float32.
        """
        by_count = torch.stack([probe(aggregates) for probe in self.probes], dim=1)
        chosen = counts.clamp_max(len(self.probes)) - 1
        return by_count[torch.arange(len(counts), device=counts.device), chosen].log_softmax(dim=1)


class Evidence:
    """A reward for looking where there is something to learn: how much an action adds to the belief in the truth.

    log p(class | views with the new one) - log p(class | views before), in nats, so that the rewards of an episode sum
    to what all but the first view have told; see `EncodedVectorEnv`, whose bonus it is.

    Args:
        belief: fitted on other scenes.
        world: that of the environment.
    """

    def __init__(self, belief: ClassBelief, world: World):
        self.belief = belief
        self.world = world

    def __call__(self, rows: Rows, before: Seen, after: Seen) -> Tensor:
        labels = self.world.labels[rows.scenes][:, None]
        then, now = (
            self.belief(seen.aggregates, seen.memory.counts).gather(1, labels)[:, 0] for seen in (before, after)
        )
        return now - then
