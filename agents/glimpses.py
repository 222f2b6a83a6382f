"""How well a class is told after one view, two, three ...: what a policy's choice of views is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..envs.checks import check_whole
from ..envs.rollout import Episodes, Policy
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import first_of_repeat
from ..seqjepa.evaluation import check_classes
from ..seqjepa.features import extract_features
from ..seqjepa.metrics import accuracy
from ..seqjepa.probes import fit_classifier


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
        train_episodes: that classifiers are fitted on, one for each number of views.
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
        check_whole("views", self.views, 2)
        check_whole("train_episodes", self.train_episodes, 1)
        check_whole("test_episodes", self.test_episodes, 1)


def accuracy_by_glimpses(
    model: SeqJEPA, train: World, test: World, policy_in: Callable[[World], Policy], config: GlimpsesConfig
) -> list[float]:
    """The accuracy after 1, 2 ... views of linear classifiers on the aggregates of what a policy looks at.

    They are fitted on the policy's own episodes in `train`, so that no policy is held against what suits another.

    Args:
        model: frozen.
        train, test: worlds over two splits of one source.
        policy_in: the policy in a world.
        config: how.

    Raises:
        ValueError: when the two worlds do not have the same classes, or none, or the model was made for other actions.
    """
    check_classes(train, test)
    lengths = range(1, config.views + 1)
    probing, testing = (first_of_repeat(use, config.seed, 0) for use in ("probing", "testing"))
    fitted = extract_features(model, train, config.train_episodes, lengths, policy_in(train), probing, config.bf16)
    held_out = extract_features(model, test, config.test_episodes, lengths, policy_in(test), testing, config.bf16)
    return [
        accuracy(
            fit_classifier(fitted.aggregates[m], fitted.labels, len(train.classes))(held_out.aggregates[m]),
            held_out.labels,
        )
        for m in lengths
    ]
