"""What a report shows of a model in a world: episodes, what the aggregate attends to in them, and scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..envs.rollout import Policy, Rollout
from ..envs.worlds import ImagesWorld, World
from ..envs.worlds.rotating import RotatingWorld
from ..seqjepa import SeqJEPA
from ..seqjepa.attention import aggregate_attention
from ..seqjepa.evaluation import Scores
from ..seqjepa.view_model import ViewModel
from .figures import (
    accuracy_by_views,
    action_scores,
    attention_strips,
    rotation_strips,
    scanpaths,
    view_strips,
)
from .report import Report

_EPISODES = 4
_MOST_VIEWS = 8  # as many as can be seen on a page


def add_episodes(
    report: Report, world: World, model: ViewModel, policy: str | Policy | None, views: Sequence[int], seed: int
) -> None:
    """Episodes on unseen instances, as long as the largest of `views`, and the model's attention in them, if it has."""
    length = min(_MOST_VIEWS, max(2, *views))
    rollout = world.rollout(_EPISODES, length, policy, seed)
    titles = [world.classes[label] if world.classes else "" for label in rollout.labels]
    if isinstance(world, ImagesWorld):
        report.figures("Scanpaths on unseen pictures, and the glimpses taken.", scanpaths(world, rollout, _EPISODES))
    elif isinstance(world, RotatingWorld):
        report.figures("Unseen objects under rotations.", rotation_strips(world, rollout, _EPISODES))
    else:
        report.figures("Unseen pictures under augmentations.", view_strips(rollout, titles, _EPISODES))
    if isinstance(model, SeqJEPA):
        _add_attention(report, model, rollout, titles)


def add_scores(report: Report, title: str, trained: Scores, untrained: Scores, views: Sequence[int]) -> None:
    """The scores of a model and of its untrained twin side by side."""
    bars = action_scores(trained, untrained, title)
    spread = "Error bars: standard deviation over repeats, if there are several."
    if f"class/aggregate/{views[0]}" in trained:
        report.figures(
            "Class from the aggregate against the number of views (left); how much the embeddings tell of the movement "
            f"between two views, and of a view's own pose (right). {spread}",
            accuracy_by_views(trained, untrained, views, title),
            bars,
        )
    else:
        report.figures(f"How much the embeddings tell of movements, and of a view's own pose. {spread}", bars)


def _add_attention(report: Report, model: SeqJEPA, rollout: Rollout, titles: Sequence[str]) -> None:
    with torch.no_grad():
        z = model.eval().encode(rollout.views)
    weights = aggregate_attention(model, z, rollout.actions)
    last = weights[:, -1].mean(dim=1)
    _, layers, heads, count = weights.shape
    report.figures(
        f"How much the aggregate of these {count} views attends to each: in the last of {layers} layers, averaged over "
        f"{heads} heads. The rest, {100 * (1 - float(last.sum(1).mean())):.0f} % here, is the aggregate's own token.",
        attention_strips(rollout.views, last, titles),
    )
