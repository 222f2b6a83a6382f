"""Retrieval: is the predicted embedding of a view nearer to that view's than to any other's?

The metrics are those of SIE (Garrido, Najman & LeCun, "Self-Supervised Learning of Split Invariant Equivariant
Representations", ICML 2023), which the seq-JEPA paper takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from ..envs import draws
from ..envs.checks import check_fields, check_whole
from ..envs.worlds import World
from ..envs.worlds.rotating import RotatingWorld
from .baselines import ActionConditioned
from .episode_seeds import check_seed, first_of_repeat
from .eval_mode import evaluated
from .evaluation import Scores
from .features import Aggregating
from .nearest import nearest
from .ranking import Ranks, chance_hits, chance_reciprocal
from .view_model import ViewModel
from .view_sets import ViewSets, embed_view_sets

HITS = (1, 5)  # of "H@k"


@dataclass(frozen=True)
class RetrievalConfig:
    """How to score retrieval.

    Attributes:
        scenes: scenes of each split whose views are predicted; None for all.
        views: of each scene, as many as 3DIEBench has; in pictures as many as the largest square grid has within that.
        observed: numbers of views that seq-JEPA sees before it predicts, M; methods without an aggregator see one.
        policy: who chooses the views, see `embed_view_sets`.
        repeats: evaluations with fresh views; the spread of the scores is over these.
        bf16: whether to encode under bfloat16 autocast.
        seed: of the first repeat.

    Raises:
        TypeError, ValueError: for a value of a wrong type or out of range, naming it.
    """

    scenes: int | None = None
    views: int = 50
    observed: tuple[int, ...] = (1,)
    policy: str | None = None
    repeats: int = 1
    bf16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        for name, low in (("scenes", 1), ("views", 4), ("repeats", 1)):
            value = getattr(self, name)
            if value is not None:
                check_whole(name, value, low)
        if not self.observed or min(self.observed) < 1 or len(set(self.observed)) < len(self.observed):
            raise ValueError(f"observed={self.observed}: give different numbers of views, each at least 1")
        if max(self.observed) > self.views:
            raise ValueError(f"observed={self.observed}: a scene has views={self.views} only")
        check_seed(self.seed)


def retrieval(
    model: ViewModel[Any],
    train: World,
    test: World,
    config: RetrievalConfig,
    report: Callable[[], object] = lambda: None,
) -> Scores:
    """Predict every view of a scene from its first one and the action between, and search for it.

    All K views of a scene are predicted, the first among them. Where a model sees M > 1 views, the M - 1 before the
    first are the scene's next ones, in backward order, so that what it sees always ends with the first view, where the
    predicted action starts; the paper does not say how it chooses them. Predictions and embeddings are compared by
    their cosine, in the space in which the model predicts: seq-JEPA's embeddings z, or a baseline's projections.

    Scores, for each M, each beside what guessing gives under "chance" in place of M:

    - "retrieval/mrr/M", "retrieval/h@1/M", "retrieval/h@5/M": mean reciprocal rank of the true view among those of its
      scene in the test split, and the share that is first and among the first five.
    - "retrieval/pre/GALLERY/M" (prediction retrieval error, rotations only): 1 - (q . q')^2 between the rotations q of
      the view that was looked for and q' of the one that was found in a whole split, over all scenes, in [0, 1].
      Galleries are "train" (predictions in the training split, searched there), "test" (likewise) and "test-all"
      (predictions in the test split, searched in both). A model that always finds the same view has that view's mean
      error, on either side of chance.
    - "retrieval/distance/GALLERY/M": likewise, the distance of the poses as the world measures it: for rotations the
      geodesic angle in radians, for fixations sides of the picture.

    Args:
        model: SeqJEPA or a baseline that predicts; it is used in eval mode.
        train, test: worlds over two splits of one source.
        config: how.
        report: called after every repeat.

    Raises:
        ValueError: for a model that does not predict, or that sees one view where more are asked for; and as
            `embed_view_sets`.
    """
    _check_model(model, config.observed)
    scores: Scores = {}
    for repeat in range(config.repeats):
        for name, value in _repeat_scores(model, train, test, config, repeat):
            scores.setdefault(f"retrieval/{name}", []).append(value)
        report()
    return scores


def predict_views(model: ViewModel[Any], world: World, sets: ViewSets, observed: int = 1) -> tuple[Tensor, Tensor]:
    """Predicted embeddings of all views of each scene, and the embeddings themselves: both (N, K, D).

    Arguments and spaces as in `retrieval`, whose `observed` is one M. Raises ValueError as it does.
    """
    _check_model(model, (observed,))
    if not 1 <= observed <= sets.poses.shape[1]:
        raise ValueError(f"observed={observed} of {sets.poses.shape[1]} views of a scene")
    starts = sets.poses[:, :1].expand_as(sets.poses)
    actions = world.actions_between(starts, sets.poses)
    with evaluated(model):
        if isinstance(model, ActionConditioned):
            projections = model.project(sets.z)
            return model.predict(projections[:, :1].expand_as(projections), actions), projections
        assert isinstance(model, _Predicting)
        seen = sets.poses[:, :observed].flip(1)
        aggregate = model.aggregate(sets.z[:, :observed].flip(1), world.actions_between(seen[:, :-1], seen[:, 1:]))
        return model.predict(aggregate[:, None].expand(-1, actions.shape[1], -1), actions), sets.z


@runtime_checkable
class _Predicting(Aggregating, Protocol):
    """A model that predicts from aggregates, as `SeqJEPA`."""

    def predict(self, aggregate: Tensor, actions: Tensor) -> Tensor: ...


def _check_model(model: ViewModel[Any], observed: tuple[int, ...]) -> None:
    if isinstance(model, ActionConditioned):
        if set(observed) != {1}:
            raise ValueError(f"{model.config.method} predicts from one view; use observed=(1,), not {observed}")
    elif not isinstance(model, _Predicting):
        raise ValueError(
            f"{model.config.method} does not predict the view that an action leads to; use seq-jepa or a baseline that "
            "is told actions"
        )


def _repeat_scores(
    model: ViewModel[Any], train: World, test: World, config: RetrievalConfig, repeat: int
) -> Iterator[tuple[str, float]]:
    fitted, held_out = (
        embed_view_sets(
            model,
            world,
            len(world) if config.scenes is None else min(config.scenes, len(world)),
            config.views,
            config.policy,
            seed,
            config.bf16,
        )
        for world, seed in (
            (train, first_of_repeat("probing", config.seed, repeat)),
            (test, first_of_repeat("testing", config.seed, repeat)),
        )
    )
    yield from _chance_scores(test, fitted.poses, held_out.poses)
    for observed in config.observed:
        known, new = (predict_views(model, w, sets, observed) for w, sets in ((train, fitted), (test, held_out)))
        ranks = rank_views(*new)
        yield f"mrr/{observed}", ranks.mean_reciprocal()
        yield from ((f"h@{k}/{observed}", ranks.hits(k)) for k in HITS)
        both = torch.cat([known[1].flatten(0, 1), new[1].flatten(0, 1)])
        poses = torch.cat([fitted.poses.flatten(0, 1), held_out.poses.flatten(0, 1)])
        for gallery, predicted, sought, embeddings, places in (
            ("train", known[0], fitted.poses, known[1].flatten(0, 1), fitted.poses.flatten(0, 1)),
            ("test", new[0], held_out.poses, new[1].flatten(0, 1), held_out.poses.flatten(0, 1)),
            ("test-all", new[0], held_out.poses, both, poses),
        ):
            found = places[nearest(predicted.flatten(0, 1), embeddings, 1)[:, 0]]
            for name, errors in _errors(test, sought.flatten(0, 1), found):
                yield f"{name}/{gallery}/{observed}", errors.double().mean().item()


def rank_views(predicted: Tensor, embeddings: Tensor) -> Ranks:
    """Ranks of the true views among those of their scene, from predictions and embeddings (N, K, D)."""
    scores = functional.normalize(predicted, dim=-1) @ functional.normalize(embeddings, dim=-1).mT
    true = torch.arange(scores.shape[1], device=scores.device).repeat(len(scores))
    return Ranks.of(scores.flatten(0, 1), true)


def _errors(world: World, sought: Tensor, found: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Errors (Q,) between poses (Q, P), by name."""
    if isinstance(world, RotatingWorld):
        yield "pre", 1 - (sought[:, :4] * found[:, :4]).sum(1).square()
    yield "distance", world.distance(sought, found)


def _chance_scores(world: World, known: Tensor, new: Tensor) -> Iterator[tuple[str, float]]:
    """What guessing scores, from the poses (N, K, P) of both splits; a view found at random for every one sought."""
    views = new.shape[1]
    yield "mrr/chance", chance_reciprocal(views)
    yield from ((f"h@{k}/chance", chance_hits(k, views)) for k in HITS)
    known, new = known.flatten(0, 1), new.flatten(0, 1)
    for gallery, sought, places in (
        ("train", known, known),
        ("test", new, new),
        ("test-all", new, torch.cat([known, new])),
    ):
        seeds = torch.arange(len(sought), device=sought.device)
        found = places[draws.integers(seeds, 0, "found by chance", len(places))[:, 0]]
        for name, errors in _errors(world, sought, found):
            yield f"{name}/{gallery}/chance", errors.double().mean().item()
