"""Many views of each of many scenes, embedded: what retrieval, neighbours and maps of the embeddings look at."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from ..envs import draws
from ..envs.checks import check_whole
from ..envs.retinas.retina import grid_fixations
from ..envs.rollout import Episodes, Policy
from ..envs.worlds import AugmentationsWorld, ImagesWorld, StoredViewsWorld, World
from .eval_mode import evaluated
from .features import spread_scenes
from .matching import check_match
from .view_model import ViewModel

_VIEWS_AT_ONCE = 512


@dataclass(frozen=True)
class ViewSets:
    """K views of each of N scenes of a world, without gradient.

    Attributes:
        z: (N, K, D) float32, one embedding per view.
        poses: (N, K, P) float32.
        labels: (N,) int64, the class of each scene.
        scenes: (N,) int64, the index of each scene in its world.
    """

    z: Tensor
    poses: Tensor
    labels: Tensor
    scenes: Tensor


def embed_view_sets(
    model: ViewModel[Any],
    world: World,
    count: int,
    views: int,
    policy: str | Policy | None = None,
    seed: int = 0,
    bf16: bool = False,
) -> ViewSets:
    """Embed many views of each of `count` scenes, with the model in eval mode, whose mode is restored afterwards.

    The views are those that a policy chooses one after the other. Without a policy they are, in every world but that of
    pictures, those of the world's default, which draws every pose afresh (stored views without replacement, so that
    50 views of an object of 3DIEBench are all there are); in pictures, whose default policies return nowhere, they are
    the centres of a grid of as many rows as columns, the largest with no more cells than `views`, in an order drawn
    for each scene.

    Args:
        model: the model, on the world's device.
        world: where the views come from.
        count: N, scenes; they are spread over the classes, see `spread_scenes`.
        views: K, at least 2; in pictures without a policy the number of cells.
        policy: who moves, see `World.rollout`.
        seed: of the first scene's episode.
        bf16: whether to encode under bfloat16 autocast.

    Raises:
        TypeError, ValueError: for sizes that are too small, more scenes or more stored views of an object than there
            are, a world whose actions are not differences of poses, or a model for actions of another size than the
            world's.
    """
    check_match(model, world)
    _check_world(world, count, views)
    scenes = spread_scenes(world, count)
    at_once = max(1, _VIEWS_AT_ONCE // views)
    parts = []
    for start in range(0, count, at_once):
        rows = scenes[start : start + at_once]
        z, poses = _embed(model, world, rows, views, policy, seed + start, bf16)
        parts.append(ViewSets(z, poses, world.labels[rows], rows))
    return ViewSets(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(ViewSets)))


def _check_world(world: World, count: int, views: int) -> None:
    check_whole("scenes", count, 1, len(world))
    check_whole("views", views, 2)
    if isinstance(world, StoredViewsWorld) and views > int(world.counts.min()):
        fewest = int(world.counts.min())
        raise ValueError(f"views={views}, but an object of this source has {fewest} views: use at most {fewest}")
    if isinstance(world, AugmentationsWorld) and world.official:
        raise ValueError(
            "official=True: actions normalised over a sequence do not lead from view to view; leave it out"
        )


def _embed(
    model: ViewModel[Any], world: World, scenes: Tensor, views: int, policy: str | Policy | None, seed: int, bf16: bool
) -> tuple[Tensor, Tensor]:
    """Embeddings (B, K, D) and poses (B, K, P) of the scenes."""
    seeds = torch.arange(len(scenes), device=world.device) + seed
    if policy is None and isinstance(world, ImagesWorld):
        poses = _grid(world, seeds, math.isqrt(views))
    else:
        poses = _journeys(world, world.policy(policy), seeds, scenes, views)
    pictures = world.views(scenes.repeat_interleave(poses.shape[1]), poses.flatten(0, 1))
    with evaluated(model), torch.autocast(world.device.type, torch.bfloat16, enabled=bf16):
        z = model.encode(pictures).float()
    return z.unflatten(0, poses.shape[:2]), poses


def _grid(world: ImagesWorld, seeds: Tensor, cells: int) -> Tensor:
    """Fixations in the centres of a grid of cells over the pictures, in an order of each row's own. (B, K, 2)."""
    order = draws.bits(seeds, 0, "grid of views", cells * cells).argsort(1)
    return grid_fixations(cells, world.side, world.device)[order]


def _journeys(world: World, policy: Policy, seeds: Tensor, scenes: Tensor, views: int) -> Tensor:
    """The poses of episodes, (B, K, P)."""
    episodes = Episodes(world, seeds, scenes)
    for _ in range(views):
        episodes.append(policy(episodes))
    return episodes.poses
