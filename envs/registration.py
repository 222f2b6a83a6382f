"""The Gymnasium ids. Importing the package registers them, as Gymnasium has no plug-ins."""

from __future__ import annotations

import gymnasium as gym

DEFAULT_EPISODE_STEPS = 20


def register_envs() -> None:
    """Register the ids of the package, once.

    Without the passive checker, which takes tensors for mistakes; `gymnasium.utils.env_checker.check_env` does not.
    """
    if "SaccadeWorld-v0" in gym.registry:
        return
    gym.register(
        id="SaccadeWorld-v0",
        entry_point=f"{__package__}.env:SaccadeWorldEnv",
        vector_entry_point=f"{__package__}.vector_env:SaccadeWorldVectorEnv",
        max_episode_steps=DEFAULT_EPISODE_STEPS,
        disable_env_checker=True,
    )
