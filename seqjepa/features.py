"""Frozen features of rollouts: what probes are trained and tested on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from ..envs import draws
from ..envs.checks import check_whole
from ..envs.rollout import Policy
from ..envs.worlds import World
from .disturbances import Disturbance
from .eval_mode import evaluated
from .matching import check_match
from .view_model import ViewModel

_CHUNK = 256
_UNDISTURBED = Disturbance()


@dataclass(frozen=True)
class Features:
    """Features of N episodes of L views, without gradient.

    Attributes:
        z: (N, L, D) float32, one per view.
        aggregates: for each number of views m, (N, W) float32, the aggregate of the first m views; none where the
            model has no aggregator, as the baselines.
        poses: (N, L, P) float32.
        actions: (N, L - 1, A) float32.
        labels: (N,) int64.
    """

    z: Tensor
    aggregates: dict[int, Tensor]
    poses: Tensor
    actions: Tensor
    labels: Tensor

    @classmethod
    def together(cls, parts: Sequence[Features]) -> Features:
        """The episodes of one or more parts, which have the same numbers of views, one part after the other."""
        return cls(
            z=torch.cat([part.z for part in parts]),
            aggregates={m: torch.cat([part.aggregates[m] for part in parts]) for m in parts[0].aggregates},
            poses=torch.cat([part.poses for part in parts]),
            actions=torch.cat([part.actions for part in parts]),
            labels=torch.cat([part.labels for part in parts]),
        )


def one_view(features: Features) -> Tensor:
    """Embeddings of single views, (N L, D)."""
    return features.z.flatten(0, 1)


def two_views(features: Features) -> Tensor:
    """Embeddings of consecutive views side by side, (N (L - 1), 2 D)."""
    return torch.cat([features.z[:, :-1], features.z[:, 1:]], dim=-1).flatten(0, 1)


@runtime_checkable
class Aggregating(Protocol):
    """A model with an aggregator, as `SeqJEPA`."""

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        """Embeddings (B, M, D) of M views and the actions (B, M - 1, A) between them to aggregates (B, W)."""
        ...


def extract_features(
    model: ViewModel,
    world: World,
    count: int,
    lengths: Sequence[int],
    policy: str | Policy | None = None,
    seed: int = 0,
    bf16: bool = False,
    disturbance: Disturbance = _UNDISTURBED,
) -> Features:
    """Roll out `count` episodes and embed them with the model in eval mode, whose mode is restored afterwards.

    The episodes go through all of the world's scenes, see `spread_scenes`.

    Args:
        model: the model, on the world's device.
        world: where the views come from.
        count: N, episodes.
        lengths: numbers of views to aggregate; the longest makes the length of the episodes, at least 2.
        policy: who moves, see `World.rollout`.
        seed: of the first episode.
        bf16: whether to run the model under bfloat16 autocast: faster where the processor has it, and features that
            are off by less than a hundredth of their deviation.
        disturbance: of what the aggregator is told; the poses and actions that are handed back are the true ones.

    Raises:
        TypeError, ValueError: for a count or a length below 1, no lengths, or a model that was made for actions of
            another size than the world's.
    """
    check_whole("count", count, 1)
    if not lengths or min(lengths) < 1:
        raise ValueError(f"lengths={lengths!r}: give one number of views or more, each at least 1")
    check_match(model, world)
    with evaluated(model):
        return Features.together(list(_embed_episodes(model, world, count, lengths, policy, seed, bf16, disturbance)))


def _embed_episodes(
    model: ViewModel,
    world: World,
    count: int,
    lengths: Sequence[int],
    policy: str | Policy | None,
    seed: int,
    bf16: bool,
    disturbance: Disturbance,
) -> Iterator[Features]:
    """The features chunk by chunk."""
    scenes = spread_scenes(world, count)
    for start in range(0, count, _CHUNK):
        batch = world.rollout(None, max(2, *lengths), policy, seed + start, scenes[start : start + _CHUNK])
        seeds = torch.arange(len(batch), device=world.device) + seed + start
        with torch.autocast(world.device.type, torch.bfloat16, enabled=bf16):
            z = model.encode(batch.views).float()
            aggregates: dict[int, Tensor] = {}
            if isinstance(model, Aggregating):
                for m in lengths:
                    told = disturbance(world, z[:, :m], batch.poses[:, :m], batch.actions[:, : m - 1], seeds)
                    aggregates[m] = model.aggregate(*told).float()
        yield Features(z, aggregates, batch.poses, batch.actions, batch.labels)


def spread_scenes(world: World, count: int) -> Tensor:
    """`count` scenes of a world, (count,) int64, each as often as the next (up to one), in a fixed shuffled order.

    Shuffled, so that a count below the number of scenes leaves out no class, whether scenes are sorted by class, as in
    folders, or take turns, as in built-in sources.
    """
    every = torch.arange(len(world), device=world.device)
    order = draws.bits(every, 0, "order of evaluation")[:, 0].argsort()
    return order[torch.arange(count, device=world.device) % len(world)]
