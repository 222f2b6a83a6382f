"""Free viewing: look around, without a goal, for as long as the episode lasts."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from .task import Outcome, Rows, Task


class FreeViewing(Task):
    """Predictive learning across movements: views and actions are all there is.

    Observation: as in `Task`. Action: the world's own, a saccade or a rotation. Reward: always 0. Termination:
    never. Truncation: after `max_episode_steps` actions. Info: empty.
    """

    name: ClassVar[str] = "free-viewing"

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        return Outcome(poses=self.world.move(rows.poses, actions), rewards=self.no_rewards(rows))
