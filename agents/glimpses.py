"""How well a class is told after one view, two, three ...: what a policy's choice of views is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..envs.checks import check_fields, check_whole
from ..envs.rollout import Episodes, Policy
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import check_seed, first_of_repeat
from ..seqjepa.evaluation import check_classes
from ..seqjepa.features import Features, extract_features, spread_scenes
from ..seqjepa.metrics import accuracy
from ..seqjepa.probes import fit_classifier
from .belief import DECAYS, several_parts


class FromStart:
    """Another policy, in episodes that begin where those of tasks do: in pictures at the centre.

    Args:
        policy: who moves from there.
    """

    def __init__(self, policy: Policy):
        self.policy = policy

    def __call__(self, episodes: Episodes) -> Tensor:
        if episodes.step == 0:
            return episodes.world.first_poses(episodes.seeds, episodes.scenes)
        return self.policy(episodes)


@dataclass(frozen=True, kw_only=True)
class GlimpsesConfig:
    """How to measure.

    Attributes:
        views: how many at most.
        train_episodes: that classifiers are fitted on, one for each number of views, and as many of uniform fixations.
        test_episodes: that they are scored on.
        seed: of the episodes.
        bf16: whether to run the model under bfloat16 autocast.

    Raises:
        TypeError, ValueError: for values out of range.
    """

    views: int = 5
    train_episodes: int = 4500
    test_episodes: int = 3000
    seed: int = 0
    bf16: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        check_whole("views", self.views, 2)
        check_whole("train_episodes", self.train_episodes, 1)
        check_whole("test_episodes", self.test_episodes, 1)
        check_seed(self.seed)


def accuracy_by_glimpses(
    model: SeqJEPA, train: World, test: World, policy_in: Callable[[World], Policy], config: GlimpsesConfig
) -> list[float]:
    """The accuracy after 1, 2 ... views of linear classifiers on the aggregates of what a policy looks at.

    They are fitted on the policy's own episodes in `train`, so that no policy is held against what suits another, and
    on as many of uniform fixations: of policies that look at a picture in one way only, a classifier would learn the
    few pictures by heart. The decay is that with which a part of the scenes is classified best by the others.

    Args:
        model: frozen.
        train, test: worlds over two splits of one source.
        policy_in: the policy in a world.
        config: how.

    Raises:
        ValueError: when the two worlds do not have the same classes, or none, or too few scenes, or the model was made
            for other actions.
    """
    check_classes(train, test)
    lengths = range(1, config.views + 1)

    def look(world: World, count: int, policy: Policy, first: int) -> Features:
        return extract_features(model, world, count, lengths, policy, first, config.bf16)

    first, other = (first_of_repeat("probing", config.seed, repeat) for repeat in (0, 1))
    own = look(train, config.train_episodes, policy_in(train), first)
    varied = look(train, config.train_episodes, FromStart(train.policy("uniform")), other)
    held_out = look(test, config.test_episodes, policy_in(test), first_of_repeat("testing", config.seed, 0))
    scenes = spread_scenes(train, config.train_episodes).repeat(2)
    labels = torch.cat([own.labels, varied.labels])

    def score(m: int) -> float:
        x = torch.cat([own.aggregates[m], varied.aggregates[m]])
        classify = fit_classifier(x, labels, len(train.classes), best_decay(x, labels, scenes, len(train.classes)))
        return accuracy(classify(held_out.aggregates[m]), held_out.labels)

    return [score(m) for m in lengths]


def best_decay(features: Tensor, labels: Tensor, scenes: Tensor, classes: int) -> float:
    """That of `DECAYS` with which a classifier does best in a part of the scenes that it was not fitted on.

    Args:
        features: (N, D) float32.
        labels: (N,) int64.
        scenes: (N,) int64, which they come from.
        classes: how many there are.

    Raises:
        ValueError: when all scenes are in one part.
    """
    parts = several_parts(scenes)
    apart = parts == parts[0]

    def score(decay: float) -> float:
        classify = fit_classifier(features[~apart], labels[~apart], classes, decay)
        return accuracy(classify(features[apart]), labels[apart])

    return max(DECAYS, key=score)
