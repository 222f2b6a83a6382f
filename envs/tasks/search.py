"""Search: a goal view is shown; find the pose that it was seen from."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from .. import draws
from ..checks import check_name, check_number, check_rows
from ..frames import enlarge
from ..worlds.world import World
from .action_forms import DiscreteActions, make_form
from .poses import draw_poses
from .task import Outcome, Rows, Task, as_picture

REWARDS = ("dense", "sparse")
CANDIDATES = 32  # goals drawn, of which the first that is not reached at the start is taken
WALK = 4  # choices that lead from the start to the goal with discrete actions


class Search(Task):
    """Bring the goal to the fovea, rotate the object until it looks as in the goal view, or augment the picture so.

    The goal is drawn as the world's policy "uniform" draws poses; with discrete actions it is where a walk of 4 random
    choices from the start ends, so that it can be reached, unless every walk comes back. It never lies at the start.

    Observation: as in `Task`, and "goal", the goal view, (3, H, W) uint8. Action: the world's own; `actions="discrete"`
    is Discrete(K), the world's K `choices`. Reward: `reward="dense"` is the decrease of the distance to the goal (sides
    of the picture, radians, units of the parameters) by every action, and 1 more on success; "sparse" is the 1 alone.
    Termination: on success, when the pose is within `tolerance` of the goal. Truncation: after `max_episode_steps`
    actions. Info: "distance", float32, to the goal; "is_success"; "optimal_steps", int64, the fewest actions that could
    do from the start (distance beyond the tolerance over the reach of an action, rounded up; a lower bound for discrete
    ones).

    Scores, return of at most 50 actions, mean ± standard deviation over episodes. Random: actions drawn from their
    space; heuristic: a pose drawn at random or, every other time, near the one whose view has been most like the goal's
    so far; oracle: straight to the goal.
        images: random 0.04 ± 0.71, heuristic 0.78 ± 0.74, oracle 1.39 ± 0.14
        objects: random -1.12 ± 0.98, heuristic 1.53 ± 1.05, oracle 2.05 ± 0.65
        augmentations: random -0.33 ± 0.32, heuristic 0.15 ± 0.28, oracle 1.91 ± 0.24

    Args:
        world: where it takes place.
        actions: "box" or "discrete".
        reward: "dense" or "sparse".
        tolerance: largest distance that counts as reached, in the world's unit; the world's own when left out.
        observe_pose: whether the pose is part of the observation.

    Raises:
        TypeError, ValueError: for unknown names and values out of range; when an episode begins, for a tolerance so
            wide that no goal can be found beyond it.
    """

    name: ClassVar[str] = "search"

    def __init__(
        self,
        world: World,
        *,
        actions: str = "box",
        reward: str = "dense",
        tolerance: float | None = None,
        observe_pose: bool = True,
    ):
        super().__init__(world, observe_pose=observe_pose)
        check_name("reward", reward, REWARDS)
        self.reward = reward
        self.tolerance = world.tolerance if tolerance is None else tolerance
        check_number("tolerance", self.tolerance, 0)
        self.tolerance = float(self.tolerance)
        self.form = make_form(actions, world)

    @property
    def observation_space(self) -> spaces.Dict:
        view = spaces.Box(0, 255, self.world.view_shape, np.uint8)
        return spaces.Dict(dict(super().observation_space.spaces) | {"goal": view})

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        rows = super().begin(seeds, scenes)
        goals, distances = self._draw_goals(rows)
        least = (distances - self.tolerance) / self.form.reach(rows.poses)
        state = {
            "goal": goals,
            "goal view": self.world.views(scenes, goals),
            "distance": distances,
            "optimal_steps": least.ceil().clamp_min(1).long(),
        }
        return replace(rows, state=state)

    def observe(self, rows: Rows) -> dict[str, Tensor]:
        return super().observe(rows) | {"goal": rows.state["goal view"].clone()}

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        poses = self.move(rows, self.form.movements(rows.poses, actions))
        distances = self.world.distance(poses, rows.state["goal"])
        reached = distances <= self.tolerance
        rewards = reached.float()
        if self.reward == "dense":
            rewards = rewards + (rows.state["distance"] - distances)
        return Outcome(poses, rewards, reached, {"distance": distances})

    def info(self, rows: Rows) -> dict[str, Tensor]:
        distances = rows.state["distance"]
        return {
            "distance": distances,
            "is_success": distances <= self.tolerance,
            "optimal_steps": rows.state["optimal_steps"],
        }

    def panels(self, row: Rows, path: Tensor) -> dict[str, np.ndarray]:
        """The world's, and the goal view beside them."""
        return super().panels(row, path) | {"goal": enlarge(as_picture(row.state["goal view"]))}

    def _draw_goals(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Goals, (N, P), and how far they are, (N,): of each row's candidates the first beyond the tolerance."""
        seeds = draws.bits(rows.seeds, 0, "goal", CANDIDATES).flatten()
        scenes, starts = (values.repeat_interleave(CANDIDATES, dim=0) for values in (rows.scenes, rows.poses))
        goals = draw_poses(self.world, seeds, scenes).unflatten(0, (-1, CANDIDATES))
        if isinstance(self.form, DiscreteActions):
            walks = self._walk(Rows(seeds, scenes, starts, torch.zeros_like(seeds)))
            goals = torch.cat([walks.unflatten(0, (-1, CANDIDATES)), goals], dim=1)
        distances = self.world.distance(rows.poses[:, None].expand_as(goals), goals)
        beyond = distances > self.tolerance
        smaller = "use a smaller one (in sides of the picture, or radians), and scenes with several poses"
        rule = f"no pose was found beyond tolerance={self.tolerance}; {smaller}"
        check_rows("the farthest goal at distance", distances.amax(dim=1), beyond.any(dim=1), rule)
        order = torch.arange(goals.shape[1], device=beyond.device)
        chosen = torch.where(beyond, order, len(order) - 1).amin(dim=1)
        every = torch.arange(len(goals), device=beyond.device)
        return goals[every, chosen], distances[every, chosen]

    def _walk(self, rows: Rows) -> Tensor:
        """Where a few random choices lead the rows, (B, P) float32."""
        for choice in draws.integers(rows.seeds, 0, "walk", self.world.choice_count, WALK).unbind(1):
            poses = self.aim(rows, self.form.movements(rows.poses, choice))
            rows = rows.after(Outcome(poses, self.no_rewards(rows)))
        return rows.poses
