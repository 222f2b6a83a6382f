"""Path integration: after some movements, tell how far from the start they have led."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..palette import GREY, rgb
from ..worlds.rotating import RotatingWorld
from .journey import Journey
from .task import Outcome, Rows, known_to_be_none


class PathIntegration(Journey):
    """A report of the displacement from the first to the last pose, after M movements.

    Observation, info and options: as in `Journey`. Action: the world's own, M times a movement, then the report: the
    displacement as one action (a saccade, a quaternion, a difference of parameters). Reward: minus the `World.distance`
    of the report to the true displacement (sides of the picture, radians, units of the parameters) for the report, 0
    before. The best possible is 0; a displacement outside the action space, as it may come about in pictures with
    `border="free"`, leaves its distance from there. Termination: with the report. Truncation: by a limit below M + 1
    actions, which vector environments refuse.

    Scores, mean ± standard deviation over episodes of 4 movements drawn from the action space. Random: so is the
    report; nothing: the report that nothing has changed; heuristic: the sum of the observed movements, which is exact
    without motor noise; oracle: the truth.
        images: random -0.99 ± 0.46, nothing -0.65 ± 0.28, heuristic 0.00 ± 0.00, oracle 0.00 ± 0.00
        objects: random -2.15 ± 0.67, nothing -2.24 ± 0.65, heuristic 0.00 ± 0.00, oracle 0.00 ± 0.00
        augmentations: random -2.09 ± 0.42, nothing -1.23 ± 0.26, heuristic 0.00 ± 0.00, oracle 0.00 ± 0.00
    """

    name: ClassVar[str] = "path-integration"

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        rows = super().begin(seeds, scenes)
        return replace(rows, state=dict(rows.state) | {"report": rows.state["action"]})

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        due = self.is_due(rows)
        moved, commands = self.travel(rows, actions)
        if known_to_be_none(due):
            return Outcome(moved, self.no_rewards(rows), due, {"action": commands})
        reports = self.world.canonical(actions)
        errors = self.world.distance(reports, self.displacement(rows))
        return Outcome(
            poses=torch.where(due[:, None], rows.poses, moved),
            rewards=torch.where(due, -errors, 0.0),
            terminations=due,
            state={
                "action": torch.where(due[:, None], rows.state["action"], commands),
                "report": torch.where(due[:, None], reports, rows.state["report"]),
            },
        )

    def panels(self, row: Rows, path: Tensor) -> dict[str, np.ndarray]:
        """The world's, and the place that was reported, or as near to it as one movement leads from the start."""
        start, report = row.state["start"], row.state["report"]
        place = self.world.settle(self.world.move(start, report), row.scenes, row.seeds, row.steps)
        shown = list(self.world.panels(int(row.scenes[0]), torch.cat([start, place])).values())
        panel = shown[-1 if isinstance(self.world, RotatingWorld) else 0]
        if row.steps[0] <= self.movements:
            return super().panels(row, path) | {"no report yet": np.full_like(panel, rgb(GREY))}
        error = float(self.world.distance(report, self.displacement(row)))
        return super().panels(row, path) | {f"report, {error:.2f} off": panel}

    def commands(self, rows: Rows, actions: Tensor) -> Tensor:
        return self.keep_still(self.is_due(rows), super().commands(rows, actions))
