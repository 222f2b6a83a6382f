"""The world of objects: a rotation gives a rendered view; an action rotates the object."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from .. import draws
from ..checks import check_name, check_number
from ..devices import resolve_device
from ..policies import NearbyRotations, UniformRotations
from ..renderer import SETUPS, Renderer
from ..rollout import Policy
from ..rotation_ranges import rotation_range
from ..rotations import compose, from_axis_angle
from ..sources import load_mesh_source
from ..sources.banks import MeshSet, Split
from ..sources.unpainted import unpainted
from .rotating import RotatingWorld

STAGES = ("scene", "view", "setup")
COLOURS = ("own", "grey")


class ObjectsWorld(RotatingWorld):
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

    With motor noise a rotation by an angle t ends turned away from its target by a small rotation, whose three
    components (axis times angle) are normal and independent, with a standard deviation of `motor_noise` times t. So
    it goes astray about an axis drawn from all directions, as much along its own way as across, as saccades do in the
    world "images", and for the same reason: noise in motor commands grows with their size (Harris & Wolpert, Nature
    394, 1998). That it does so alike about all axes is an assumption: nothing was measured in turning hands. The other
    latents end as they were told to, and rotations may end outside the range `rotations`.

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
        colours: "own", or "grey": all objects of one matt grey, without textures, so that only their shapes tell them
            apart.
        max_rotation: the largest rotation by one action in degrees, 1 to 180; larger ones end that far along the
            shortest way. No limit when left out.
        motor_noise: standard deviation of where a rotation ends, about each axis, as a share of its angle, 0 to 1.
        device: "cpu" or "cuda".

    Raises:
        TypeError, ValueError: for unknown names, numbers out of range, or CUDA where there is none.
    """

    name: ClassVar[str] = "objects"

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
        colours: str = "own",
        max_rotation: float | None = None,
        motor_noise: float = 0.0,
        device: str | torch.device = "cpu",
    ):
        if not isinstance(meshes, MeshSet):
            raise TypeError(f"a world of objects is made of a MeshSet, got {type(meshes).__name__}")
        check_name("setup", setup, SETUPS)
        check_name("stage", stage, STAGES)
        check_name("colours", colours, COLOURS)
        self.device = resolve_device(device)
        self.made_of = meshes
        self.options = {
            "setup": setup,
            "size": size,
            "samples": samples,
            "rotations": rotations,
            "stage": stage,
            "latents": latents,
            "colours": colours,
            "max_rotation": max_rotation,
            "motor_noise": motor_noise,
            "device": str(device),
        }
        self.labels = meshes.labels.to(self.device)
        self.skipped = meshes.skipped
        self.classes = meshes.classes
        self.range = rotation_range(rotations)
        changes = {"size": size, "samples": samples}
        self.setup = replace(SETUPS[setup], **{key: value for key, value in changes.items() if value is not None})
        shapes = meshes if colours == "own" else unpainted(meshes)
        self.renderer = Renderer(shapes.meshes, self.setup, self.device)
        self.view_shape = (3, self.setup.size, self.setup.size)
        self.stage = stage
        shown = self.set_dimensions(latents, show_all=stage == "view")
        self._shown = torch.tensor(shown, dtype=torch.int64, device=self.device)
        self._setup_stage = torch.tensor(self.setup.stage, device=self.device)
        if max_rotation is not None:
            check_number("max_rotation", max_rotation, 1, 180)
            self.reach = math.radians(max_rotation)
        check_number("motor_noise", motor_noise, 0, 1)
        self.motor_noise = float(motor_noise)

    @property
    def optics(self) -> str:
        return f"{super().optics} on the stage of the {self.stage}"

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

    def land(self, start: Tensor, poses: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        if self.motor_noise == 0:
            return poses
        scatter = draws.normal(seeds, step, "motor", 3)
        size = scatter.norm(dim=-1)
        missed = from_axis_angle(scatter / size[:, None], self.motor_noise * self.distance(start, poses) * size)
        return torch.cat([compose(poses[:, :4], missed), poses[:, 4:]], dim=-1)

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
