"""Mean and deviation of a world's views, with which a model normalises them."""

from __future__ import annotations

from ..envs.recordings.recording import Recording
from ..envs.rollout import Policy
from .episode_seeds import first_episode
from .experience import Experience

Channels = tuple[float, float, float]
_EPISODES = 512


def view_statistics(world: Experience, policy: str | Policy | None = None) -> tuple[Channels, Channels]:
    """Mean and standard deviation per channel, in [0, 1] units, over the first two views of 512 episodes.

    A recording has those of the world that it was recorded in.
    """
    if isinstance(world, Recording):
        return world.card.mean, world.card.std
    views = world.rollout(_EPISODES, 2, policy, first_episode("statistics", 0)).views.float() / 255
    mean, std = views.mean((0, 1, 3, 4)).tolist(), views.std((0, 1, 3, 4)).clamp_min(1e-3).tolist()
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])
