"""The world of objects: a rotation gives a rendered view; an action rotates the object."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from .. import draws, rotations
from ..checks import check_name, check_rows
from ..devices import resolve_device
from ..frames import enlarge, side_by_side
from ..policies import NearbyRotations, UniformRotations
from ..renderer import SETUPS, Renderer
from ..rollout import Policy
from ..rotation_ranges import rotation_range
from ..sources import load_mesh_source
from ..sources.banks import MeshSet, Split
from .world import World

MIN_NORM = 1e-6
TURN = math.radians(30)  # of the rotations in `choices`
STAGES = ("scene", "view", "setup")
STAGE_HIGH = (1.0, math.pi / 4, 2 * math.pi, 1.0)


class ObjectsWorld(World):
    """Views of 3D objects under rotations.

    The pose is a unit quaternion (x, y, z, w) with w >= 0, the rotation of the object. The action is the body-frame
    increment R_i^-1 R_(i+1), likewise a quaternion; a 4-vector of another length is normalised.

    Floor and light (hue of the floor; polar angle, azimuth and hue of the spot light, over 3DIEBench's ranges) are
    the scene's own with `stage="scene"`; the same for all scenes, the set-up's, with "setup"; and drawn afresh at
    every view with "view", as in 3DIEBench, where the pose has these four numbers behind the quaternion.

    Policies: "uniform" (poses drawn independently from the range `rotations`) and "nearby" (a walk by rotations of
    at most 45 degrees).

    Args:
        meshes: the objects.
        setup: a name in `envs.renderer.SETUPS`: camera, floor and lights.
        size: side of the views in pixels; the set-up's own when left out.
        samples: rays per pixel along each side; 1 turns anti-aliasing off.
        rotations: a name in `envs.rotation_ranges.ROTATION_RANGES`.
        stage: "scene", "view" or "setup".
        device: "cpu" or "cuda".

    Raises:
        ValueError: for unknown names, sizes out of range, or CUDA where there is none.
    """

    name: ClassVar[str] = "objects"
    pose_name: ClassVar[str] = "pose"
    action_dim = 4
    still = (0.0, 0.0, 0.0, 1.0)
    tolerance = math.radians(10)
    choice_count = 6

    def __init__(
        self,
        meshes: MeshSet,
        *,
        setup: str = "studio",
        size: int | None = None,
        samples: int | None = None,
        rotations: str = "turntable",
        stage: str = "scene",
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
        self._stage_high = torch.tensor(STAGE_HIGH, device=self.device)
        extra = len(STAGE_HIGH) if stage == "view" else 0
        self.pose_dim = 4 + extra
        self.pose_low = (-1.0,) * 3 + (0.0,) * (1 + extra)
        self.pose_high = (1.0,) * 4 + STAGE_HIGH[:extra]

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
            "uniform": UniformRotations(self.range),
            "nearby": NearbyRotations(self.range, reach=math.pi / 4),
        }

    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """A pose drawn from the world's range of rotations."""
        return self.settle(self.range(seeds, 0), scenes, seeds, 0)

    def settle(self, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        if self.stage != "view":
            return poses
        return torch.cat([poses[:, :4], self._draw_stage(seeds, step)], dim=1)

    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        moved = rotations.compose(poses[..., :4], rotations.normalise(actions))
        return torch.cat([moved, poses[..., 4:]], dim=-1)

    def check_actions(self, actions: Tensor) -> None:
        super().check_actions(actions)
        long_enough = actions.norm(dim=-1) > MIN_NORM
        check_rows("action", actions, long_enough, f"a quaternion needs a length above {MIN_NORM} to be a rotation")

    def frame(self, scene: int, poses: Tensor) -> np.ndarray:
        """The first view of the episode beside the present one."""
        ends = torch.stack([poses[0], poses[-1]])
        views = self.views(torch.full((2,), scene, device=self.device), ends)
        return side_by_side([enlarge(view.permute(1, 2, 0).cpu().numpy()) for view in views])

    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        return rotations.relative(start[..., :4], end[..., :4])

    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """The geodesic angle in radians, in [0, pi]."""
        return rotations.angle_between(start[..., :4], end[..., :4])

    def choices(self, poses: Tensor) -> Tensor:
        """Turns of 30 degrees about the body's axes x, y, z, then the same backwards."""
        axes = torch.eye(3, device=self.device)
        turns = rotations.from_axis_angle(torch.cat([axes, -axes]), torch.full((6,), TURN, device=self.device))
        return turns.expand(len(poses), 6, 4)

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        return self.renderer.render(scenes, poses[:, :4], self._stages(scenes, poses))

    def _stages(self, scenes: Tensor, poses: Tensor) -> Tensor | None:
        """The floor and light of each view, (B, 4) float32, or None for the set-up's own."""
        if self.stage == "setup":
            return None
        return self._draw_stage(scenes, 0) if self.stage == "scene" else poses[:, 4:]

    def _draw_stage(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        """(B, 4) float32: hue of the floor; polar angle, azimuth and hue of the light."""
        return draws.uniform(seeds, step, "stage", 4) * self._stage_high
