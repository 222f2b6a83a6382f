"""The world of pictures: a fixation gives a glimpse through a retina; a saccade moves the fixation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from .. import draws
from ..checks import check_name, check_number
from ..fixation_policies import GAZE_OPTIONS, fixation_policies
from ..frames import draw_scanpath, enlarge
from ..retinas import make_retina, retina_options
from ..retinas.retina import grid_fixations
from ..rollout import Policy
from ..sources.banks import PictureSet
from .picture_world import PictureWorld

GRID = 5  # fixations along each side of the picture in `choices`
BORDERS = ("clip", "free")

_RETINA = "crop"


class ImagesWorld(PictureWorld):
    """Glimpses of pictures under saccades.

    The pose is the fixation, (row, col) / side of the picture, in [0, 1); the action is the saccade, the difference
    of two fixations, in (-1, 1). A saccade that would leave the picture ends at its last row or column; with
    `border="free"` it ends where it leads, up to a side of the picture outside, in [-1, 2].

    With motor noise a saccade of length s lands scattered around its target, normally and independently along and
    across its direction, with a standard deviation of `motor_noise` times s: the scatter of saccades grows with their
    length (van Opstal & van Gisbergen, Vision Research 29, 1989), as does noise in motor commands with the size of
    these (Harris & Wolpert, Nature 394, 1998). How much is uncertain, 0.05 to 0.1 being a usual figure, of which part
    is error of seeing the target (van Beers, J. Neuroscience 27, 2007); so is the shape, which in eyes is often
    longer along than across. Left out: scatter that does not shrink with the saccade, and the habit of falling short.

    Policies: see `envs.fixation_policies`.

    Args:
        pictures: the pictures.
        retina: a name in `envs.retinas.RETINAS`.
        fovea: side of the fovea in pixels.
        border: "clip" keeps fixations within the picture; "free" lets them leave it.
        max_saccade: the longest saccade in sides of the picture, at least a pixel; longer ones end that far along
            their way. No limit when left out.
        motor_noise: standard deviation of where a saccade lands, as a share of its length, 0 to 1.
        device: "cpu" or "cuda".
        bank_device: "cpu" to leave the pictures, and their saliency maps, on the host where the device is a GPU, see
            `envs.picture_store`; on the device when left out.
        options: of the retina, such as `subpixel` and `padding` of "crop", and of the policies, such as `saliency` and
            `inhibition`, see `envs.fixation_policies`.

    Raises:
        ValueError: for unknown names, a fovea that does not suit the pictures, numbers out of range, maps or fixations
            that do not fit the pictures, or CUDA where there is none.
        TypeError: for an option that does not exist, or is of a wrong type.
        FileNotFoundError: for maps or fixations that are not there.
    """

    name: ClassVar[str] = "images"
    pose_name: ClassVar[str] = "fixation"
    pose_dim = 2
    action_dim = 2
    still = (0.0, 0.0)
    tolerance = 0.05
    choice_count = GRID * GRID

    def __init__(
        self,
        pictures: PictureSet,
        *,
        retina: str = _RETINA,
        fovea: int = 40,
        border: str = "clip",
        max_saccade: float | None = None,
        motor_noise: float = 0.0,
        device: str | torch.device = "cpu",
        bank_device: str | None = None,
        **options: Any,
    ):
        self.options = {
            "retina": retina,
            "fovea": fovea,
            "border": border,
            "max_saccade": max_saccade,
            "motor_noise": motor_noise,
            "device": str(device),
            "bank_device": bank_device,
        } | options
        gaze = {name: options.pop(name) for name in GAZE_OPTIONS & options.keys()}
        super().__init__(pictures, device=device, bank_device=bank_device)
        self.fovea = fovea
        self.retina = make_retina(retina, self.pictures, fovea, **options)
        chosen = "".join(f", {name} {value}" for name, value in sorted(options.items()))
        self._through = f"through {retina!r}, fovea {fovea}{chosen}"
        self.view_shape = self.retina.view_shape
        self._set_motion(border, max_saccade, motor_noise)
        self._policies = fixation_policies(self._store.pictures, fovea, self.device, **gaze)

    def _set_motion(self, border: str, max_saccade: float | None, motor_noise: float) -> None:
        check_name("border", border, BORDERS)
        check_number("motor_noise", motor_noise, 0, 1)
        if max_saccade is not None:
            check_number("max_saccade", max_saccade, 1 / self.side)
            self.reach = float(max_saccade)
        free = border == "free"
        self.pose_low, self.pose_high = ((-1.0, -1.0), (2.0, 2.0)) if free else ((0.0, 0.0), (1.0, 1.0))
        self._bounds = (-1.0, 2.0) if free else (0.0, (self.side - 1) / self.side)
        self._shortens = free or max_saccade is not None
        self.motor_noise = float(motor_noise)

    @classmethod
    def option_names(cls, options: Mapping[str, Any]) -> set[str]:
        return super().option_names(options) | GAZE_OPTIONS | retina_options(options.get("retina", _RETINA))

    @property
    def optics(self) -> str:
        return f"{super().optics} {self._through}"

    def make_policies(self) -> dict[str, Policy]:
        return self._policies

    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """The centre of the picture, where eye-tracking trials begin."""
        return torch.full((len(scenes), 2), (self.side // 2) / self.side, device=self.device)

    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        return self.aim(poses, poses + actions)

    def aim(self, start: Tensor, poses: Tensor) -> Tensor:
        return (self._shorten(start, poses) if self._shortens else poses).clamp(*self._bounds)

    def _shorten(self, start: Tensor, poses: Tensor) -> Tensor:
        """Fixations on the way from `start` to `poses`, no farther than the reach, and than 1 in rows and columns."""
        saccades = poses - start
        rows, cols = saccades.unbind(-1)
        excess = torch.maximum(torch.hypot(rows, cols) / self.reach, torch.maximum(rows.abs(), cols.abs()))[..., None]
        return torch.where(excess > 1, start + saccades / excess, poses)

    def land(self, start: Tensor, poses: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        if self.motor_noise == 0:
            return poses
        along, across = (self.motor_noise * draws.normal(seeds, step, "motor", 2)).unbind(-1)
        rows, cols = (poses - start).unbind(-1)
        missed = torch.stack([along * rows - across * cols, along * cols + across * rows], dim=-1)
        return (poses + missed).clamp(*self._bounds)

    def panels(self, scene: int, poses: Tensor) -> dict[str, np.ndarray]:
        """The picture with the scanpath and the fovea, and what the retina sees now."""
        view = self.views(torch.tensor([scene], device=self.device), poses[-1:])[0]
        picture = self.pictures[scene].cpu().numpy()
        seen = [enlarge(part.permute(1, 2, 0).cpu().numpy()) for part in self.retina.display(view)]
        pixels = (poses * self.side).round().cpu().numpy()
        scanpath = draw_scanpath(enlarge(picture), pixels, self.side, self.fovea)
        return {"fixations": scanpath, **dict(zip(("seen now", "where it lies"), seen, strict=False))}

    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        return end - start

    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """Euclidean, in sides of the picture."""
        return torch.linalg.vector_norm(end - start, dim=-1)

    def choices(self, poses: Tensor) -> Tensor:
        """Saccades to the centres of a grid of 5 x 5 cells, row by row."""
        return self._centres - poses[:, None]

    @cached_property
    def _centres(self) -> Tensor:
        """(25, 2) float32 fixations."""
        return grid_fixations(GRID, self.side, self.device)

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        return self._store.look(self.retina, scenes, poses)
