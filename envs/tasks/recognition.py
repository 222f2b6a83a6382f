"""Recognition: look around, then name the class."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from ..checks import check_number
from ..worlds.world import World
from .action_forms import make_form
from .task import Outcome, Rows, Task


class Recognition(Task):
    """Glimpses as often as the agent likes, then the name of the class; every further glimpse has its price.

    Observation: as in `Task`. Action, with C classes: `actions="box"` is one Box (A + 1 + C,), the movement, a flag
    and a score per class; a flag above 0 answers with the class of the highest score. `actions="discrete"` is
    Discrete(K + C), the world's K `choices` (images: saccades to a grid; objects: turns about the axes; augmentations:
    crops and steps), then the classes. Reward: 1 for the right answer, 0 for a wrong one, minus `glimpse_cost` for
    every movement; the first glimpse is free. Termination: with the answer. Truncation: after `max_episode_steps`
    actions; who has not answered by then gets nothing more, as for a wrong answer. Info: "is_success", whether the
    right answer has been given.

    Scores, mean ± standard deviation over episodes of the 16 classes of the built-in sources. Random: actions drawn
    from the Box; heuristic: at once the class whose mean first view, 4 x 4 in grey, is nearest, of 500 other episodes;
    oracle: at once the right class.
        images: random 0.06 ± 0.25, heuristic 0.10 ± 0.30, oracle 1.00 ± 0.00
        objects: random 0.06 ± 0.26, heuristic 0.71 ± 0.45, oracle 1.00 ± 0.00
        augmentations: random 0.05 ± 0.24, heuristic 0.12 ± 0.32, oracle 1.00 ± 0.00

    Args:
        world: where it takes place.
        actions: "box" or "discrete".
        glimpse_cost: of every movement, at least 0.
        observe_pose: whether the pose is part of the observation.

    Raises:
        TypeError, ValueError: for unknown names and values out of range.
    """

    name: ClassVar[str] = "recognition"

    def __init__(self, world: World, *, actions: str = "box", glimpse_cost: float = 0.01, observe_pose: bool = True):
        super().__init__(world, observe_pose=observe_pose)
        if not world.classes:
            raise ValueError("recognition needs classes, and these scenes have no labels: choose others")
        check_number("glimpse_cost", glimpse_cost, 0)
        self.glimpse_cost = float(glimpse_cost)
        self.form = make_form(actions, world, answers=len(world.classes))

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        rows = super().begin(seeds, scenes)
        return replace(rows, state={"is_success": torch.zeros_like(seeds, dtype=torch.bool)})

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        answers = self.form.answers(actions)
        answering = answers >= 0
        correct = answers == self.world.labels[rows.scenes]
        moved = self.move(rows, self.form.movements(rows.poses, actions))
        return Outcome(
            poses=torch.where(answering[:, None], rows.poses, moved),
            rewards=torch.where(answering, correct.float(), -self.glimpse_cost),
            terminations=answering,
            state={"is_success": correct},
        )

    def commands(self, rows: Rows, actions: Tensor) -> Tensor:
        return self.keep_still(self.form.answers(actions) >= 0, super().commands(rows, actions))

    def info(self, rows: Rows) -> dict[str, Tensor]:
        return {"is_success": rows.state["is_success"]}
