"""Homing: after some movements, go back to the start by one action."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..frames import enlarge
from ..worlds.rotating import RotatingWorld
from .journey import Journey
from .task import GLIMPSE, Outcome, Rows, as_picture, known_to_be_none

_CHUNK = 128  # rows whose differences fit a cache


class Homing(Journey):
    """One action back to where M movements began.

    Observation, info and options: as in `Journey`; "distance" at the end is how far from the start the way home has
    led. Action: the world's own, M movements and the one home. Reward: minus the mean absolute difference of the view
    there from the first view, in [0, 1] (0 is equal, 1 is white for black), for the way home, 0 before. The best
    possible is 0 where the same pose gives the same view again and one action can lead home; augmentations are flipped
    and greyed afresh at every view. Termination: with the way home. Truncation: by a limit below M + 1 actions, which
    vector environments refuse.

    Scores, mean ± standard deviation over episodes of 4 movements drawn from the action space. Random: so is the way
    home; nothing: to stay; heuristic: the sum of the observed movements backwards, which is exact without motor noise;
    oracle: the way from the last pose to the first.
        images: random -0.32 ± 0.10, nothing -0.32 ± 0.11, heuristic 0.00 ± 0.00, oracle 0.00 ± 0.00
        objects: random -0.05 ± 0.02, nothing -0.05 ± 0.02, heuristic 0.00 ± 0.00, oracle 0.00 ± 0.00
        augmentations: random -0.23 ± 0.09, nothing -0.23 ± 0.09, heuristic -0.09 ± 0.08, oracle -0.09 ± 0.08
    """

    name: ClassVar[str] = "homing"

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        rows = super().begin(seeds, scenes)
        views = self.world.views(scenes, rows.poses)
        return replace(rows, state=dict(rows.state) | {"home": views, GLIMPSE: views})

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        due = self.is_due(rows)
        poses, commands = self.travel(rows, actions)
        views = self.world.views(rows.scenes, poses)
        state = {"action": commands, GLIMPSE: views}
        if known_to_be_none(due):
            return Outcome(poses, self.no_rewards(rows), due, state)
        return Outcome(poses, torch.where(due, -_difference(views, rows.state["home"]), 0.0), due, state)

    def panels(self, row: Rows, path: Tensor) -> dict[str, np.ndarray]:
        """The world's, and the view to come back to beside them, unless the world shows the first view already."""
        panels = super().panels(row, path)
        if isinstance(self.world, RotatingWorld):
            return panels
        return panels | {"home": enlarge(as_picture(row.state["home"]))}


def _difference(views: Tensor, others: Tensor) -> Tensor:
    """The mean absolute difference in [0, 1]: a sum of whole numbers, whose order does not matter. -> (N,) float32."""
    pairs = zip(views.flatten(1).split(_CHUNK), others.flatten(1).split(_CHUNK), strict=True)
    totals = [(torch.maximum(a, b) - torch.minimum(a, b)).sum(dim=1, dtype=torch.int32) for a, b in pairs]
    return torch.cat(totals) / (255 * views[0].numel())
