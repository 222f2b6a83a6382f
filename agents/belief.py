"""What the views seen so far tell of the class: a linear classifier on the aggregates of a frozen model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..envs import draws
from ..envs.checks import check_whole
from ..envs.rollout import Policy
from ..envs.tasks import Rows
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.features import Features, extract_features, spread_scenes
from ..seqjepa.probes import Probe, fit_class_scores
from .memory import Seen, check_aggregates

FOLDS = 5
DECAYS = (1e-3, 1e-2, 1e-1)


class ClassBelief:
    """The probability of each class, given how many views there are and what they show.

    Scenes are in parts, and each is judged by classifiers that were fitted on the scenes of the other parts: what tells
    of scenes that were learned by heart would not tell of new ones.

    Args:
        parts: for each part, for 1, 2 ... views, from aggregates (N, W) to the logarithm of each class's probability,
            (N, C), up to a constant a row. With more views than that the last one is asked.
    """

    def __init__(self, parts: Sequence[Sequence[Probe]]):
        self.parts = parts

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
        """Fitted on episodes of the training split, see `of`.

        Args:
            model: frozen.
            world: over the training split.
            views: for how many views at most.
            policy: who moves, see `World.rollout`.
            episodes: to fit on.
            seed: of the first episode.
            bf16: whether to run the model under bfloat16 autocast.

        Raises:
            TypeError, ValueError: for a model that does not aggregate, sizes below 1, a world without classes, or with
                scenes of one part alone, or a model made for other actions.
        """
        check_aggregates(model)
        if not world.classes:
            raise ValueError("there are no classes to believe in: these scenes have no labels, choose others")
        check_whole("views", views, 1)
        features = extract_features(model, world, episodes, range(1, views + 1), policy, seed, bf16)
        return cls.of(features, spread_scenes(world, episodes), len(world.classes))

    @classmethod
    def of(cls, features: Features, scenes: Tensor, classes: int) -> ClassBelief:
        """One classifier for each part and number of views, see `fit_class_scores`.

        The decay is that of `DECAYS` with which the truth is most likely in scenes that were not fitted.

        Args:
            features: of N episodes, with aggregates of 1, 2 ... views.
            scenes: (N,) int64, of the episodes.
            classes: how many there are.

        Raises:
            ValueError: when all scenes are in one part.
        """
        parts = several_parts(scenes)

        def fitted(decay: float) -> ClassBelief:
            return cls(
                [
                    [
                        fit_class_scores(aggregates[parts != part], features.labels[parts != part], classes, decay)
                        for aggregates in features.aggregates.values()
                    ]
                    for part in range(FOLDS)
                ]
            )

        return max(map(fitted, DECAYS), key=lambda belief: float(belief.told(features, scenes).mean()))

    def __call__(self, aggregates: Tensor, counts: Tensor, scenes: Tensor) -> Tensor:
        """The logarithms of the probabilities.

        Args:
            aggregates: (N, W) float32.
            counts: (N,) int64, of how many views each is.
            scenes: (N,) int64, which they show.

        Returns:
            (N, C) float32.
        """
        scores = torch.stack([torch.stack([probe(aggregates) for probe in probes], 1) for probes in self.parts], 1)
        rows = torch.arange(len(counts), device=counts.device)
        return scores[rows, part_of(scenes), counts.clamp_max(scores.shape[2]) - 1].log_softmax(dim=1)

    def told(self, features: Features, scenes: Tensor) -> Tensor:
        """The logarithm of the probability of the true class after 1, 2 ... views. (N, M) float32."""
        truth = features.labels[:, None]
        beliefs = (self(x, torch.full_like(scenes, views), scenes) for views, x in features.aggregates.items())
        return torch.cat([belief.gather(1, truth) for belief in beliefs], dim=1)


def part_of(scenes: Tensor) -> Tensor:
    """Which part scenes are in, by lot. (N,) int64 -> (N,) int64 in [0, FOLDS)."""
    return draws.bits(scenes, 0, "part")[:, 0] % FOLDS


def several_parts(scenes: Tensor) -> Tensor:
    """As `part_of`.

    Raises:
        ValueError: when all scenes are in one part.
    """
    parts = part_of(scenes)
    if bool((parts == parts[0]).all()):
        raise ValueError(f"{len(scenes.unique())} scenes are too few to judge some by others: give more")
    return parts


class Evidence:
    """A reward for looking where there is something to learn: how much an action adds to the belief in the truth.

    log p(class | views with the new one) - log p(class | views before), in nats, so that the rewards of an episode sum
    to what all but the first view have told; see `EncodedVectorEnv`, whose bonus it is.

    Args:
        belief: which.
        world: that of the environment.
    """

    def __init__(self, belief: ClassBelief, world: World):
        self.belief = belief
        self.world = world

    def __call__(self, rows: Rows, before: Seen, after: Seen) -> Tensor:
        labels = self.world.labels[rows.scenes][:, None]
        then, now = (
            self.belief(seen.aggregates, seen.memory.counts, rows.scenes).gather(1, labels)[:, 0]
            for seen in (before, after)
        )
        return now - then
