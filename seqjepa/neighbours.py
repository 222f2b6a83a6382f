"""Nearest neighbours of a view among embeddings: do they have its pose, or its class?

The seq-JEPA paper shows the three nearest of some views; here all views are asked, and chance is asked too.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..envs import draws
from ..envs.worlds import World
from .nearest import nearest
from .view_sets import ViewSets


def find_neighbours(sets: ViewSets, count: int, *, other_scenes: bool) -> Tensor:
    """The views nearest to each view by the cosine of their embeddings, the best first.

    Args:
        sets: K views of each of N scenes.
        count: k, how many to find.
        other_scenes: whether to search the other scenes alone; else all views but the one itself.

    Returns:
        (N K, k) int64, numbers of views: view j of scene i is number i K + j.

    Raises:
        ValueError: where there are fewer to be found.
    """
    scenes, views = sets.z.shape[:2]
    numbers = torch.arange(scenes * views, device=sets.z.device)
    excluded = numbers.view(scenes, views).repeat_interleave(views, 0) if other_scenes else numbers[:, None]
    z = sets.z.flatten(0, 1)
    return nearest(z, z, count, excluded)


def neighbour_scores(world: World, sets: ViewSets, count: int = 3) -> dict[str, float]:
    """How much the nearest views are like the view itself.

    Scores with WHERE "any" (the search is among all other views) and "others" (among those of other scenes):

    - "neighbours/distance/WHERE": mean distance of pose to the `count` nearest, as the world measures it: for rotations
      the geodesic angle in radians, for fixations sides of the picture.
    - "neighbours/class/WHERE": share of these that have the view's class, where the world has classes.
    - "neighbours/scene/any": share that shows the same scene.
    - The same with "/chance" behind: of views drawn from those that are searched.

    Args:
        world: in which the views are.
        sets: K views of each of N scenes.
        count: how many neighbours.

    Raises:
        ValueError: where there are fewer to be found.
    """
    scores: dict[str, float] = {}
    for where, other_scenes in (("any", False), ("others", True)):
        found = find_neighbours(sets, count, other_scenes=other_scenes)
        chance = _drawn(sets, count, other_scenes)
        for suffix, views in (("", found), ("/chance", chance)):
            for name, value in _likeness(world, sets, views):
                if name != "scene" or not other_scenes:
                    scores[f"neighbours/{name}/{where}{suffix}"] = value
    return scores


def _drawn(sets: ViewSets, count: int, other_scenes: bool) -> Tensor:
    """Views drawn uniformly from those that `find_neighbours` searches, (N K, k) int64."""
    scenes, views = sets.z.shape[:2]
    numbers = torch.arange(scenes * views, device=sets.z.device)
    if not other_scenes:
        steps = 1 + draws.integers(numbers, 0, "neighbours by chance", len(numbers) - 1, count)
        return (numbers[:, None] + steps) % len(numbers)
    steps = 1 + draws.integers(numbers, 0, "scenes by chance", scenes - 1, count)
    places = draws.integers(numbers, 0, "views by chance", views, count)
    return ((numbers // views)[:, None] + steps) % scenes * views + places


def _likeness(world: World, sets: ViewSets, found: Tensor) -> Iterator[tuple[str, float]]:
    """Scores of views (N K, k) that were found for each view."""
    scenes, views = sets.z.shape[:2]
    poses = sets.poses.flatten(0, 1)
    yield "distance", world.distance(poses[:, None].expand(-1, found.shape[1], -1), poses[found]).double().mean().item()
    if world.classes:
        labels = sets.labels.repeat_interleave(views)
        yield "class", (labels[found] == labels[:, None]).double().mean().item()
    owners = torch.arange(scenes, device=found.device).repeat_interleave(views)
    yield "scene", (owners[found] == owners[:, None]).double().mean().item()
