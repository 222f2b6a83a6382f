"""Where episodes of tasks begin and end: poses drawn from all that the world has."""

from __future__ import annotations

from torch import Tensor

from ..rollout import Episodes
from ..worlds.world import World


def draw_poses(world: World, seeds: Tensor, scenes: Tensor) -> Tensor:
    """A pose of each row as the world's policy "uniform" draws it. (B,), (B,) int64 -> (B, P) float32."""
    episodes = Episodes(world, seeds, scenes)
    episodes.append(world.policy("uniform")(episodes))
    return episodes.poses[:, 0]
