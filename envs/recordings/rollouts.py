"""Rollouts as chunks of a recording."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..rollout import Policy
from ..worlds.world import World
from .chunks import ACTION, LABEL, MOVEMENT, PIXELS, POSE, SCENE, SEED, Chunk, no_action


def record_rollout(world: World, policy: str | Policy | None, length: int, first: int, count: int, seed: int) -> Chunk:
    """Episodes as `World.rollout` makes them.

    Args:
        world: where they take place.
        policy: who moves, from the first view on.
        length: L, views of each episode, at least 1.
        first: the number of the first episode in the recording.
        count: how many episodes.
        seed: of the recording's first episode.
    """
    batch = world.rollout(count, length, policy, seed + first)
    actions = _on_host(batch.actions)
    movements = np.pad(actions, [(0, 0), (0, 1), (0, 0)], constant_values=no_action(actions.dtype))
    rows = {
        PIXELS: _on_host(batch.views.permute(0, 1, 3, 4, 2)),
        POSE: _on_host(batch.poses),
        ACTION: movements,
        MOVEMENT: movements,
    }
    seeds = seed + first + np.arange(count)
    episodes = {LABEL: _on_host(batch.labels), SCENE: _on_host(batch.scenes), SEED: seeds}
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in rows.items()}
    return Chunk.of(first, np.full(count, length), episodes, flat)


def _on_host(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
