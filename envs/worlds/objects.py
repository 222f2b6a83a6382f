"""The world of objects: a rotation gives a rendered view; an action rotates the object."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .. import rotations
from ..checks import check_name, check_number, check_rows
from ..devices import resolve_device
from ..frames import enlarge, side_by_side
from ..policies import NearbyRotations, UniformRotations
from ..renderer import SETUPS, Renderer
from ..rollout import Policy
from ..rotation_ranges import rotation_range
from ..sources import load_mesh_source
from ..sources.banks import MeshSet, Split
from ..stage import STAGE_HIGH, StageLatents
from .world import World

MIN_NORM = 1e-6
TURN = math.radians(30)  # of the rotations in `choices`
STAGES = ("scene", "view", "setup")
STEP = 1 / 12  # of the range of a latent, in `choices`: as much of a turn


class ObjectsWorld(World):
    """Views of 3D objects under rotations.

    The pose is a unit quaternion (x, y, z, w) with w >= 0, the rotation of the object. The action is the body-frame
    increment R_i^-1 R_(i+1), likewise a quaternion; a 4-vector of another length is normalised.

    Floor and light (hue of the floor; polar angle, azimuth and hue of the spot light, over 3DIEBench's ranges, see
    `envs.stage`) are the scene's own with `stage="scene"`; the same for all scenes, the set-up's, with "setup"; and
    drawn afresh at every view with "view", as in 3DIEBench, where the pose has these four numbers behind the
    quaternion.

    Actions may change some of these four too: both hues with `latents="rotcolor"`, all four with "all". They are then
    behind the quaternion of the pose, in the order above and before those that they do not change, and their
    differences behind that of the action: in shares of their ranges, hues and azimuth going round and their
    differences in [-0.5, 0.5], the polar angle ending at its bounds (`envs.stage.StageLatents`). Nothing but actions
    then changes them: `stage` tells what they are when an episode begins, and what becomes of the others.

    Policies: "uniform" (poses drawn independently, rotations from the range `rotations`) and "nearby" (a walk by
    rotations of at most 45 degrees, and likewise by at most an eighth of the range of each latent of the action).

    Args:
        meshes: the objects.
        setup: a name in `envs.renderer.SETUPS`: camera, floor and lights.
        size: side of the views in pixels; the set-up's own when left out.
        samples: rays per pixel along each side; 1 turns anti-aliasing off.
        rotations: a name in `envs.rotation_ranges.ROTATION_RANGES`.
        stage: "scene", "view" or "setup".
        latents: what actions change: "rotation", "rotcolor" or "all".
        max_rotation: the largest rotation by one action in degrees, 1 to 180; larger ones end that far along the
            shortest way. No limit when left out.
        device: "cpu" or "cuda".

    Raises:
        TypeError, ValueError: for unknown names, numbers out of range, or CUDA where there is none.
    """

    name: ClassVar[str] = "objects"
    pose_name: ClassVar[str] = "pose"
    tolerance = math.radians(10)

    def __init__(
        self,
        meshes: MeshSet,
        *,
        setup: str = "studio",
        size: int | None = None,
        samples: int | None = None,
        rotations: str = "turntable",
        stage: str = "scene",
        latents: str = "rotation",
        max_rotation: float | None = None,
        device: str | torch.device = "cpu",
    ):
        check_name("setup", setup, SETUPS)
        check_name("stage", stage, STAGES)
        self.device = resolve_device(device)
        self.made_of = meshes
        self.options = {
            "setup": setup,
            "size": size,
            "samples": samples,
            "rotations": rotations,
            "stage": stage,
            "latents": latents,
            "max_rotation": max_rotation,
            "device": str(device),
        }
        self.labels = meshes.labels.to(self.device)
        self.skipped = meshes.skipped
        self.classes = meshes.classes
        self.range = rotation_range(rotations)
        changes = {"size": size, "samples": samples}
        self.setup = replace(SETUPS[setup], **{key: value for key, value in changes.items() if value is not None})
        self.renderer = Renderer(meshes.meshes, self.setup, self.device)
        self.view_shape = (3, self.setup.size, self.setup.size)
        self.stage = stage
        self._set_dimensions(latents)
        if max_rotation is not None:
            check_number("max_rotation", max_rotation, 1, 180)
            self.reach = math.radians(max_rotation)

    def _set_dimensions(self, latents: str) -> None:
        self.latents = StageLatents(latents, self.device)
        count = len(self.latents)
        shown = self.latents.order if self.stage == "view" else self.latents.order[:count]
        self.action_dim = 4 + count
        self.still = (0.0, 0.0, 0.0, 1.0) + (0.0,) * count
        self.choice_count = 6 + 2 * count
        self.pose_dim = 4 + len(shown)
        self.pose_low = (-1.0,) * 3 + (0.0,) * (1 + len(shown))
        self.pose_high = (1.0,) * 4 + tuple(STAGE_HIGH[i] for i in shown)
        self._shown = torch.tensor(shown, dtype=torch.int64, device=self.device)
        self._setup_stage = torch.tensor(self.setup.stage, device=self.device)

    @classmethod
    def from_source(
        cls,
        source: str = "shapes",
        *,
        split: Split = "train",
        count: int | None = None,
        source_seed: int = 0,
        device: str | torch.device = "cpu",
        **options: Any,
    ) -> ObjectsWorld:
        """A world over a built-in source or a folder of meshes; see `envs.sources.load_mesh_source`."""
        resolve_device(device)
        meshes = load_mesh_source(source, split=split, count=count, seed=source_seed)
        return cls(meshes, device=device, **options)

    def make_policies(self) -> dict[str, Policy]:
        return {
            "uniform": UniformRotations(self.range, self.latents),
            "nearby": NearbyRotations(self.range, self.latents, reach=math.pi / 4),
        }

    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """A rotation drawn from the world's range; floor and light as `stage` has them."""
        begin = self._setup_stage.expand(len(seeds), -1)
        if self.stage != "setup":
            begin = self.latents.draw_stage(scenes if self.stage == "scene" else seeds, 0)
        poses = torch.cat([self.range(seeds, 0), self.latents.split(begin)[0]], dim=1)
        return self.settle(poses, scenes, seeds, 0)

    def settle(self, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        if self.stage != "view":
            return poses
        others = self.latents.split(self.latents.draw_stage(seeds, step))[1]
        return torch.cat([poses[:, : self.action_dim], others], dim=1)

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

    def frame(self, scene: int, poses: Tensor) -> np.ndarray:
        """The first view of the episode beside the present one."""
        ends = torch.stack([poses[0], poses[-1]])
        views = self.views(torch.full((2,), scene, device=self.device), ends)
        return side_by_side([enlarge(view.permute(1, 2, 0).cpu().numpy()) for view in views])

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
        axes = torch.eye(3, device=self.device)
        turns = rotations.from_axis_angle(torch.cat([axes, -axes]), torch.full((6,), TURN, device=self.device))
        steps = STEP * torch.eye(len(self.latents), device=self.device)
        unturned = torch.tensor([0.0, 0.0, 0.0, 1.0], device=self.device).expand(2 * len(steps), 4)
        turns = functional.pad(turns, (0, len(steps)))
        changes = torch.cat([unturned, torch.cat([steps, -steps])], dim=1)
        return torch.cat([turns, changes]).expand(len(poses), -1, -1)

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        return self.renderer.render(scenes, poses[:, :4], self._stages(scenes, poses))

    def _stages(self, scenes: Tensor, poses: Tensor) -> Tensor | None:
        """The floor and light of each view, (B, 4) float32, or None for the set-up's own."""
        if self.stage == "setup" and self.pose_dim == 4:
            return None
        hidden = self._setup_stage.expand(len(scenes), -1)
        if self.stage == "scene":
            hidden = self.latents.draw_stage(scenes, 0)
        return hidden.index_copy(1, self._shown, poses[:, 4:])
