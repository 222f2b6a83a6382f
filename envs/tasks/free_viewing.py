"""Free viewing: look around, without a goal, for as long as the episode lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from torch import Tensor

from ..checks import check_rows
from ..worlds.world import World
from .action_forms import make_form
from .task import GLIMPSE, Outcome, Rows, Task

Predictor = Callable[[Tensor, Tensor, Tensor], Tensor]


class FreeViewing(Task):
    """Predictive learning across movements: views and actions are all there is.

    Observation: as in `Task`. Action: the world's own, a saccade or a rotation; `actions="discrete"` is Discrete(K),
    the world's K `choices`. Reward: 0, or with a `predictor` its error on the next view, so that who maximises it seeks
    what the predictor does not expect; negate it to seek what it expects. Termination: never. Truncation: after
    `max_episode_steps` actions. Info: empty.

    Scores, mean ± standard deviation over episodes of 10 actions: 0 for everybody without a predictor. With one that
    expects no change, its error the mean absolute difference of the views in [0, 1] (random: actions drawn from their
    space; heuristic: back and forth by the first of the world's `choices` that changes anything; oracle: of all
    `choices` and of 8 actions drawn from their space, the one whose view differs most, as far as it can be foreseen):
        images: random 2.29 ± 0.63, heuristic 3.33 ± 0.64, oracle 4.62 ± 0.87
        objects: random 0.49 ± 0.14, heuristic 0.34 ± 0.13, oracle 0.62 ± 0.18
        augmentations: random 1.98 ± 0.47, heuristic 1.88 ± 0.45, oracle 3.50 ± 0.59

    Args:
        world: where it takes place.
        actions: "box" or "discrete".
        predictor: None, or a callable (views, actions, next_views) -> errors on tensors (N, 3, H, W) uint8,
            (N, A) float32, (N, 3, H, W) uint8 -> (N,), each row by itself.
        observe_pose: whether the pose is part of the observation.

    Raises:
        TypeError, ValueError: for unknown names, and a predictor that cannot be called.
    """

    name: ClassVar[str] = "free-viewing"

    def __init__(
        self, world: World, *, actions: str = "box", predictor: Predictor | None = None, observe_pose: bool = True
    ):
        super().__init__(world, observe_pose=observe_pose)
        if predictor is not None and not callable(predictor):
            raise TypeError(f"predictor={predictor!r}: give None, or a callable (views, actions, next_views) -> errors")
        self.predictor = predictor
        self.form = make_form(actions, world)

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        rows = super().begin(seeds, scenes)
        if self.predictor is None:
            return rows
        return replace(rows, state={GLIMPSE: self.world.views(scenes, rows.poses)})

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        movements = self.form.movements(rows.poses, actions)
        poses = self.move(rows, movements)
        if self.predictor is None:
            return Outcome(poses, self.no_rewards(rows))
        views = self.world.views(rows.scenes, poses)
        errors = self.predictor(rows.state[GLIMPSE], movements, views)
        if not isinstance(errors, Tensor):
            raise TypeError(f"the predictor's errors must be a torch tensor, got {type(errors).__name__}")
        if errors.shape != rows.scenes.shape:
            raise ValueError(f"the predictor's errors have shape {tuple(errors.shape)}; use ({len(views)},), one a row")
        check_rows("the predictor's error", errors, errors.isfinite(), "return finite numbers")
        return Outcome(poses, errors.detach().float(), state={GLIMPSE: views})
