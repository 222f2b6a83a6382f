"""What worlds of rotating objects share: poses and actions that begin with a quaternion."""

from __future__ import annotations

import math
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .. import rotations
from ..checks import check_rows
from ..frames import enlarge
from ..stage import STAGE_HIGH, StageLatents
from .world import World

MIN_NORM = 1e-6
TURN = math.radians(30)  # of the rotations in `choices`
STEP = 1 / 12  # of the range of a latent, in `choices`: as much of a turn


class RotatingWorld(World):
    """Objects that actions rotate, and whose floor and light they may change.

    The pose is a unit quaternion (x, y, z, w) with w >= 0, the rotation of the object. The action is the body-frame
    increment R_i^-1 R_(i+1), likewise a quaternion; a 4-vector of another length is normalised. Behind it are the
    latents of floor and light that actions change, and in the action their differences, see
    `envs.stage.StageLatents`; behind these, in the pose, may be those that actions do not change.

    Attributes:
        latents: what actions change beside the rotation.
    """

    pose_name: ClassVar[str] = "pose"
    tolerance = math.radians(10)
    latents: StageLatents

    def set_dimensions(self, latents: str, *, show_all: bool = False) -> tuple[int, ...]:
        """Set `latents`, and what World asks for of poses and actions.

        Args:
            latents: a name in `envs.stage.LATENTS`.
            show_all: whether poses hold the latents that actions do not change, too.

        Returns:
            Which latents poses hold, by their positions among the four of the stage.
        """
        self.latents = StageLatents(latents, self.device)
        count = len(self.latents)
        shown = self.latents.order if show_all else self.latents.order[:count]
        self.action_dim = 4 + count
        self.still = (0.0, 0.0, 0.0, 1.0) + (0.0,) * count
        self.choice_count = 6 + 2 * count
        self.pose_dim = 4 + len(shown)
        self.pose_low = (-1.0,) * 3 + (0.0,) * (1 + len(shown))
        self.pose_high = (1.0,) * 4 + tuple(STAGE_HIGH[i] for i in shown)
        return shown

    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        turned = rotations.compose(poses[..., :4], rotations.normalise(actions[..., :4]))
        moved = self.latents.add(self._acted(poses), self._acted(actions))
        return self.aim(poses, torch.cat([turned, moved, poses[..., self.action_dim :]], dim=-1))

    def aim(self, start: Tensor, poses: Tensor) -> Tensor:
        if self.reach == math.inf:
            return poses
        turned = rotations.toward(start[..., :4], poses[..., :4], self.reach)
        return torch.cat([turned, poses[..., 4:]], dim=-1)

    def _acted(self, values: Tensor) -> Tensor:
        """The part of poses or actions behind the quaternion that actions change. (..., >= A) -> (..., A - 4)."""
        return values[..., 4 : self.action_dim]

    def check_actions(self, actions: Tensor) -> None:
        super().check_actions(actions)
        long_enough = actions[..., :4].norm(dim=-1) > MIN_NORM
        check_rows("action", actions, long_enough, f"a quaternion needs a length above {MIN_NORM} to be a rotation")

    def panels(self, scene: int, poses: Tensor) -> dict[str, np.ndarray]:
        """The first view of the episode, and the present one."""
        ends = torch.stack([poses[0], poses[-1]])
        views = self.views(torch.full((2,), scene, device=self.device), ends)
        first, now = (enlarge(view.permute(1, 2, 0).cpu().numpy()) for view in views)
        return {"seen first": first, "seen now": now}

    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        turns = rotations.relative(start[..., :4], end[..., :4])
        return torch.cat([turns, self.latents.between(self._acted(start), self._acted(end))], dim=-1)

    def canonical(self, actions: Tensor) -> Tensor:
        """With a unit quaternion, w >= 0, and the other differences the short way round."""
        turns = rotations.normalise(actions[..., :4])
        return torch.cat([turns, self.latents.shortest(self._acted(actions))], dim=-1)

    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """The geodesic angle of the rotations in radians, in [0, pi]; other latents do not count."""
        return rotations.angle_between(start[..., :4], end[..., :4])

    def choices(self, poses: Tensor) -> Tensor:
        """Turns of 30 degrees about the body's axes x, y, z, then the same backwards.

        Then steps of a twelfth of the range of each latent of the action, all of them forwards, then backwards.
        """
        return self._steps.expand(len(poses), -1, -1)

    @cached_property
    def _steps(self) -> Tensor:
        """(K, A) float32, the same from every pose."""
        axes = torch.eye(3, device=self.device)
        turns = rotations.from_axis_angle(torch.cat([axes, -axes]), torch.full((6,), TURN, device=self.device))
        steps = STEP * torch.eye(len(self.latents), device=self.device)
        unturned = torch.tensor([0.0, 0.0, 0.0, 1.0], device=self.device).expand(2 * len(steps), 4)
        turns = functional.pad(turns, (0, len(steps)))
        changes = torch.cat([unturned, torch.cat([steps, -steps])], dim=1)
        return torch.cat([turns, changes])
