"""What a frozen model thinks of an episode, view by view: its belief in classes, its surprise, where it has got to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from ...agents.belief import FOLDS, ClassBelief
from ...agents.glimpses import FromStart, best_decay
from ...agents.looking import Looking
from ...agents.memory import Seen
from ...envs import rotations
from ...envs.rollout import Episodes
from ...envs.worlds import ObjectsWorld
from ...seqjepa import SeqJEPA
from ...seqjepa.episode_seeds import first_of_repeat
from ...seqjepa.eval_mode import evaluated
from ...seqjepa.features import Features, extract_features, spread_scenes
from ...seqjepa.matching import check_optics
from ...seqjepa.path_integration import displacement, path_features
from ...seqjepa.probes import Probe, fit_class_scores, fit_linear, fit_mlp
from .hand import Playable

MEMORY = 8  # views that are looked back at; paths are integrated over the movements between them
POLICIES = ("uniform", "nearby")  # who moves where heads are fitted: far and near, as a person may
EPISODES = 2000  # of each of them


@dataclass(frozen=True)
class Thought:
    """What the model thinks when a view has come.

    Attributes:
        belief: (C,) float32, the probability of each class; None where scenes have no classes.
        surprise: 1 - cosine, in [0, 2], between the embedding that was predicted from the views before and the
            movement, and that of the view; None at the first view, of which nothing was predicted.
        start: the view, from 0, from which the path is integrated.
        place: (2,) or (4,) float32, the pose that the path from there is thought to have led to; None at the first
            view, and where the model is not told movements.
        error: the distance from there to the pose, in the world's unit; None as `place`.
    """

    belief: Tensor | None
    surprise: float | None = None
    start: int = 0
    place: Tensor | None = None
    error: float | None = None


class Insight:
    """Reads a model's thoughts by heads on its aggregates, fitted on scenes that nobody plays with.

    Args:
        model: frozen.
        belief: in classes, for 1, 2 ... views; None where scenes have none.
        paths: for m movements a head from `path_features` to the displacement, m = 1, 2 ...; empty for a model that is
            not told movements.
    """

    def __init__(self, model: SeqJEPA, belief: ClassBelief | None, paths: Mapping[int, Probe]):
        self.model = model
        self.belief = belief
        self.paths = paths
        self.looking = Looking(model, MEMORY)

    @classmethod
    def fit(
        cls, model: SeqJEPA, world: Playable, seed: int = 0, report: Callable[[str], object] = lambda _: None
    ) -> Insight:
        """Heads fitted on episodes of the training split.

        Args:
            model: frozen, on the world's device.
            world: over the training split.
            seed: of the episodes.
            report: called with what is done next.

        Raises:
            ValueError: for a model made for other views or movements, or too few scenes.
        """
        check_optics(model, world)
        report("looking at scenes to fit on")
        features = Features.together([_look(model, world, name, seed, i) for i, name in enumerate(POLICIES)])
        report("fitting the belief in classes")
        belief = _fit_belief(features, world) if world.classes else None
        report("fitting the integration of paths")
        told = model.action_embedding is not None
        return cls(model, belief, {m: _fit_path(model, world, features, m, seed) for m in range(1, MEMORY) if told})

    def __call__(self, episodes: Episodes, before: Seen | None) -> tuple[Thought, Seen]:
        """Thoughts at the newest view of one episode, and what has been seen with it.

        Args:
            episodes: one row, with at least one view.
            before: what had been seen when the newest view came; None at the first view.
        """
        now = self.looking(episodes)
        with evaluated(self.model):
            belief = None
            if self.belief is not None:
                belief = self.belief(now.aggregates, now.memory.counts, episodes.scenes)[0].exp()
            if before is None:
                return Thought(belief), now
            predicted = self.model.predict(before.aggregates, now.memory.actions[:, -1])
            surprise = 1 - functional.cosine_similarity(predicted, now.memory.z[:, -1]).item()
            if not self.paths:
                return Thought(belief, surprise), now
            return Thought(belief, surprise, *self._path(episodes, before, now)), now

    def _path(self, episodes: Episodes, before: Seen, now: Seen) -> tuple[int, Tensor, float]:
        """The start of the path that is remembered, where it is thought to have led, and how far from the truth."""
        m = min(MEMORY - 1, before.memory.longest)
        features = path_features(self.model, before.memory.z[:, -m:], now.memory.actions[:, -m:])
        told = self.paths[m](features)
        start, here = episodes.poses[:, -1 - m], episodes.poses[:, -1]
        turned = isinstance(episodes.world, ObjectsWorld)
        place = rotations.compose(start[:, :4], rotations.normalise(told)) if turned else start + told
        error = episodes.world.distance(place, here[:, : place.shape[1]]).item()
        return episodes.step - 1 - m, place[0], error


def _look(model: SeqJEPA, world: Playable, policy: str, seed: int, repeat: int) -> Features:
    first = first_of_repeat("probing", seed, repeat)
    lengths = range(1, MEMORY + 1)
    return extract_features(model, world, EPISODES, lengths, FromStart(world.policy(policy)), first)


def _fit_belief(features: Features, world: Playable) -> ClassBelief:
    """The same classifiers in all parts, as no scene that is played with was fitted."""
    scenes, classes = spread_scenes(world, EPISODES).repeat(len(POLICIES)), len(world.classes)
    decay = best_decay(features.aggregates[MEMORY // 2], features.labels, scenes, classes)
    heads = [fit_class_scores(x, features.labels, classes, decay) for x in features.aggregates.values()]
    return ClassBelief([heads] * FOLDS)


def _fit_path(model: SeqJEPA, world: Playable, features: Features, m: int, seed: int) -> Probe:
    told = path_features(model, features.z[:, :m], features.actions[:, :m])
    truth = displacement(world, features.poses[:, : m + 1])
    if isinstance(world, ObjectsWorld):
        return fit_mlp(told, truth, hidden=128, epochs=12, decay=0.1, seed=seed)
    return fit_linear(told, truth)
