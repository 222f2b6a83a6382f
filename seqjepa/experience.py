"""What a training learns from: a live world, or a recording."""

from __future__ import annotations

from typing import Protocol

import torch

from ..envs.rollout import Policy, Rollout


class Experience(Protocol):
    """Gives batches of episodes by their seeds; `World` and `envs.recordings.recording.Recording` do."""

    @property
    def name(self) -> str:
        """Of the world."""
        ...

    @property
    def action_dim(self) -> int:
        """A, numbers in an action."""
        ...

    @property
    def optics(self) -> str:
        """What its views are, in words."""
        ...

    @property
    def data_hash(self) -> str:
        """Of the scenes."""
        ...

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        ...

    def rollout(self, batch_size: int, length: int, policy: str | Policy | None, seed: int) -> Rollout:
        """A batch of episodes; row i is the episode of seed `seed + i`."""
        ...
