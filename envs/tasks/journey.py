"""What tasks of path integration share: some movements whose sum is never seen, then one last action."""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from ..checks import check_flag, check_whole
from ..rollout import Episodes
from ..worlds.world import World
from .poses import draw_poses
from .task import Rows, Task


class Journey(Task):
    """M movements from a start drawn by the world's policy "uniform", then a last action, which ends the episode.

    Observation: "glimpse", unless `observe_view` is off; "action", (A,) float32, the last movement as it was sent out
    within the world's limits (the efference copy, which motor noise comes after; at first the one that changes
    nothing), unless `observe_action` is off; "phase", (1,) int8, 1 when the last action is due; "step". Never the pose.

    Info: "displacement", (A,) float32, the true displacement from the start so far, and "distance", its length.

    Args:
        world: where it takes place.
        movements: M.
        passive: False; or the name of a policy of the world, which chooses the start and makes the movements whatever
            the agent does meanwhile; True for its default policy.
        observe_pose: only False: the pose would tell the displacement.
        observe_view: whether the views are observed.
        observe_action: whether the movements are observed; only a passive eye does not know them.

    Raises:
        TypeError, ValueError: for values out of range, and for an `observe_pose` or `observe_action` that cannot be.
    """

    def __init__(
        self,
        world: World,
        *,
        movements: int = 4,
        passive: bool | str = False,
        observe_pose: bool = False,
        observe_view: bool = True,
        observe_action: bool = True,
    ):
        for name, value in (("observe_view", observe_view), ("observe_action", observe_action)):
            check_flag(name, value)
        if not isinstance(passive, str):
            check_flag("passive", passive)
        if observe_pose:
            raise ValueError(f"observe_pose={observe_pose!r} would tell what {self.name!r} asks for; leave it out")
        if not (observe_action or passive):
            raise ValueError("observe_action=False hides movements from the agent that makes them; add passive=True")
        check_whole("movements", movements, 1, 1_000_000)
        super().__init__(world, observe_pose=False)
        self.movements = movements
        self.length = movements + 1
        self.passive = bool(passive)
        self._policy = passive if isinstance(passive, str) else None  # by name: the world, pickled, makes it again
        if passive:
            world.policy(self._policy)
        self.observe_view = observe_view
        self.observe_action = observe_action

    @property
    def observation_space(self) -> spaces.Dict:
        world = self.world
        entries = dict(super().observation_space.spaces)
        if self.observe_action:
            entries["action"] = spaces.Box(world.action_low, world.action_high, (world.action_dim,), np.float32)
        return spaces.Dict(entries | {"phase": spaces.MultiBinary(1)})

    def begin(self, seeds: Tensor, scenes: Tensor) -> Rows:
        state = {"action": torch.tensor(self.world.still, device=seeds.device).repeat(len(seeds), 1)}
        if not self.passive:
            start = draw_poses(self.world, seeds, scenes)
        else:
            state["path"], state["commands"] = self._walk(seeds, scenes)
            start = state["path"][:, 0]
        return Rows(seeds, scenes, start, torch.zeros_like(seeds), state | {"start": start})

    def observe(self, rows: Rows) -> dict[str, Tensor]:
        observation = super().observe(rows)
        if self.observe_action:
            observation["action"] = rows.state["action"].clamp(self.world.action_low, self.world.action_high)
        observation["phase"] = self.is_due(rows)[:, None].view(torch.int8)
        return observation

    def commands(self, rows: Rows, actions: Tensor) -> Tensor:
        commands = self.travel(rows, actions)[1]
        if self.observe_action:
            return commands
        return self.keep_still(torch.ones_like(rows.steps, dtype=torch.bool), commands)

    def info(self, rows: Rows) -> dict[str, Tensor]:
        return {
            "displacement": self.displacement(rows),
            "distance": self.world.distance(rows.state["start"], rows.poses),
        }

    def is_due(self, rows: Rows) -> Tensor:
        """Whether the last action is due. (N,) bool."""
        return rows.steps >= self.movements

    def displacement(self, rows: Rows) -> Tensor:
        """The true displacement from the start, (N, A) float32."""
        return self.world.actions_between(rows.state["start"], rows.poses)

    def travel(self, rows: Rows, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Where the next movement leads, and what was sent out: the agent's own when it is due or not passive.

        -> (N, P), (N, A) float32.
        """
        aims = self.aim(rows, actions)
        poses, commands = self.land(rows, aims), self.world.actions_between(rows.poses, aims)
        if not self.passive:
            return poses, commands
        every, step = torch.arange(len(actions), device=actions.device), rows.steps.clamp_max(self.movements - 1)
        due = self.is_due(rows)[:, None]
        poses = torch.where(due, poses, rows.state["path"][every, step + 1])
        return poses, torch.where(due, commands, rows.state["commands"][every, step])

    def _walk(self, seeds: Tensor, scenes: Tensor) -> tuple[Tensor, Tensor]:
        """The poses and the commands of a passive journey, (N, M + 1, P) and (N, M, A) float32."""
        policy, episodes = self.world.policy(self._policy), Episodes(self.world, seeds, scenes)
        for _ in range(self.movements + 1):
            episodes.append(policy(episodes))
        return episodes.poses, episodes.actions
