"""The Gymnasium ids. Importing the package registers them, as Gymnasium has no plug-ins."""

from __future__ import annotations

from dataclasses import dataclass

import gymnasium as gym

ANY = "SaccadeWorld-v0"
DEFAULT_EPISODE_STEPS = 20

# Stored views have no ids of their own, as they need a source.
_WORLDS = {"images": "", "objects": "Objects", "augmentations": "Augmentations"}
_TASKS = {  # those without a limit end by themselves
    "free-viewing": ("FreeViewing", DEFAULT_EPISODE_STEPS),
    "path-integration": ("PathIntegration", None),
    "homing": ("Homing", None),
    "recognition": ("Recognition", 10),
    "search": ("Search", 50),
}
EPISODE_STEPS = {task: limit for task, (_, limit) in _TASKS.items()}
"""Actions after which episodes of the named environments are truncated, by task; None where they end by themselves."""
_LEFT_OUT = {  # "SaccadeWorld-v0" makes them all the same
    # Flips and greyscale, which no action changes, are drawn at every view: home looks as it did in one of three.
    ("augmentations", "homing"),
}


@dataclass(frozen=True)
class NamedEnvironment:
    """An id of its own for a task in a world; every option can still be given to `gym.make`.

    Attributes:
        id: of Gymnasium.
        world: a name in `envs.worlds.WORLDS`.
        task: a name in `envs.tasks.TASKS`.
        max_episode_steps: actions after which an episode is truncated, or None.
    """

    id: str
    world: str
    task: str
    max_episode_steps: int | None


NAMED_ENVIRONMENTS = tuple(
    NamedEnvironment(f"SaccadeWorld/{prefix}{title}-v0", world, task, limit)
    for world, prefix in _WORLDS.items()
    for task, (title, limit) in _TASKS.items()
    if (world, task) not in _LEFT_OUT
)


def register_envs() -> None:
    """Register the ids of the package, once."""
    if ANY in gym.registry:
        return
    _register(ANY, DEFAULT_EPISODE_STEPS)
    for named in NAMED_ENVIRONMENTS:
        _register(named.id, named.max_episode_steps, world=named.world, task=named.task)


def _register(name: str, limit: int | None, **options: str) -> None:
    """Without the passive checker, which takes tensors for mistakes; `gymnasium.utils.env_checker` does not."""
    gym.register(
        id=name,
        entry_point=f"{__package__}.env:SaccadeWorldEnv",
        vector_entry_point=f"{__package__}.vector_env:SaccadeWorldVectorEnv",
        max_episode_steps=limit,
        disable_env_checker=True,
        kwargs=options,
    )
