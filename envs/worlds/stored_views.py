"""The world of stored views: objects that are seen from a few poses only, those of which there are pictures."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from .. import draws, rotations
from ..checks import check_name, check_rows
from ..devices import resolve_device
from ..frames import enlarge, side_by_side
from ..rollout import Episodes, Policy
from ..sources import VIEW_OPTIONS, load_view_source
from ..sources.banks import Split, ViewSet
from .objects import MIN_NORM, TURN
from .world import World

_FIRST_ANGLES = 3  # latents in front that are the object's Euler angles
_UNITS = (2 * math.pi, 1.0, 1.0, 2 * math.pi)  # radians in one unit of each of the other latents
_HIGHS = (1.0, math.pi / 4, 2 * math.pi, 1.0)
_PERIODIC = (True, False, True, True)
LATENTS: dict[str, tuple[int, ...]] = {"rotation": (), "rotcolor": (0, 3), "all": (0, 1, 2, 3)}
"""Which of the latents behind the rotation are part of poses and actions, by name."""


class StoredViewsWorld(World):
    """Stored views of 3D objects, such as those of 3DIEBench.

    The pose is a unit quaternion (x, y, z, w) with w >= 0, the rotation of the object, and behind it, with
    `latents="rotcolor"`, the hues of floor and light in turns, or, with "all", the hue of the floor, polar angle and
    azimuth of the light in radians, and its hue. The action is the body-frame increment R_i^-1 R_(i+1), likewise a
    quaternion, and the differences of the others, those of hues and azimuths the short way round. With "rotation"
    floor and light change from view to view unannounced.

    Every pose that is observed is that of a stored view: an action leads to the view nearest to where it points, which
    may be the one it started from; of several at the same distance to the first. Distance is the geodesic angle
    between rotations; with further latents it is the root of the sum of squares of that angle and of theirs, a hue
    counting as an angle on its circle.

    Policies: "uniform", which draws views without replacement, as 3DIEBench's users do; when all were seen, afresh.

    Args:
        views: the objects.
        latents: "rotation", "rotcolor" or "all".
        device: "cpu" or "cuda".

    Raises:
        ValueError: for unknown latents, or CUDA where there is none.
    """

    name: ClassVar[str] = "stored-views"
    pose_name: ClassVar[str] = "pose"
    tolerance = math.radians(10)
    choice_count = 6

    def __init__(self, views: ViewSet, *, latents: str = "rotation", device: str | torch.device = "cpu"):
        check_name("latents", latents, LATENTS)
        self.device = resolve_device(device)
        self.made_of = views
        self.options = {"latents": latents, "device": str(device)}
        self.pictures = views.views.pictures.to(self.device)
        self.classes, self.skipped = views.views.classes, views.views.skipped
        self.labels = views.views.labels[views.first].to(self.device)
        self.counts = views.counts.to(self.device)
        chosen = LATENTS[latents]
        self.pose_dim = self.action_dim = 4 + len(chosen)
        self.pose_low = (-1.0,) * 3 + (0.0,) * (1 + len(chosen))
        self.pose_high = (1.0,) * 4 + tuple(_HIGHS[i] for i in chosen)
        if latents == "all":
            self.action_low, self.action_high = -math.pi, math.pi
        self.still = (0.0, 0.0, 0.0, 1.0) + (0.0,) * len(chosen)
        side = self.pictures.shape[1]
        self.view_shape = (3, side, side)
        self._units, self._highs, self._periodic = (
            torch.tensor([values[i] for i in chosen], device=self.device, dtype=kind)
            for values, kind in ((_UNITS, torch.float), (_HIGHS, torch.float), (_PERIODIC, torch.bool))
        )
        # Objects with fewer views than others have their first one again behind them, which is never nearer.
        place = torch.arange(int(views.counts.max()))
        self._table = (views.first[:, None] + place.where(place < views.counts[:, None], 0)).to(self.device)
        self._poses = _poses(views.latents, list(chosen)).to(self.device)

    @classmethod
    def from_source(
        cls,
        source: str = "",
        *,
        split: Split = "train",
        size: int | None = None,
        device: str | torch.device = "cpu",
        **options: Any,
    ) -> StoredViewsWorld:
        """A world over "3diebench:PATH", "3diebench-ood:PATH" or "bank:PATH"; see `envs.sources.load_view_source`."""
        resolve_device(device)
        reading = {name: options.pop(name) for name in VIEW_OPTIONS & options.keys()}
        return cls(load_view_source(source, split=split, size=size, **reading), device=device, **options)

    @classmethod
    def option_names(cls, options: Any) -> set[str]:
        return super().option_names(options) | VIEW_OPTIONS

    def make_policies(self) -> dict[str, Policy]:
        return {"uniform": _EveryView(self)}

    def draw_views(self, seeds: Tensor, scenes: Tensor, step: int | Tensor) -> Tensor:
        """The poses of views drawn without replacement over the steps. (B,), (B,) int64 -> (B, P) float32."""
        counts = self.counts[scenes]
        places = torch.arange(self._table.shape[1], device=self.device)
        keys = draws.bits(seeds, step // counts, "view", len(places)) & ((1 << 62) - 1)
        order = keys.where(places < counts[:, None], 1 << 62).argsort(dim=1)
        chosen = order.gather(1, (step % counts)[:, None])[:, 0]
        return self._poses[self._table[scenes, chosen]]

    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """The pose of a view drawn from all of the object's."""
        return self.draw_views(seeds, scenes, 0)

    def settle(self, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        """The pose of the nearest stored view."""
        return self._poses[self._nearest(scenes, poses)]

    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        """Where the actions point, which need not be the pose of a stored view: see `settle`."""
        turned = rotations.compose(poses[..., :4], rotations.normalise(actions[..., :4]))
        others = poses[..., 4:] + actions[..., 4:]
        others = torch.where(self._periodic, others % self._highs, others.clamp_min(0).minimum(self._highs))
        return torch.cat([turned, others], dim=-1)

    def check_actions(self, actions: Tensor) -> None:
        super().check_actions(actions)
        long_enough = actions[..., :4].norm(dim=-1) > MIN_NORM
        check_rows("action", actions, long_enough, f"a quaternion needs a length above {MIN_NORM} to be a rotation")

    def canonical(self, actions: Tensor) -> Tensor:
        """With a unit quaternion, w >= 0, and the others the short way round."""
        turns = rotations.normalise(actions[..., :4])
        return torch.cat([turns, self._shortest(actions[..., 4:])], dim=-1)

    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        turns = rotations.relative(start[..., :4], end[..., :4])
        return torch.cat([turns, self._shortest(end[..., 4:] - start[..., 4:])], dim=-1)

    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """In radians, see the class."""
        apart, together = start[..., :4] - end[..., :4], start[..., :4] + end[..., :4]
        chord = torch.minimum(_squares(apart), _squares(together)).sqrt()
        angle = 4 * torch.asin(chord / 2)
        if self.pose_dim == 4:
            return angle
        return (angle.square() + _squares(self._shortest(end[..., 4:] - start[..., 4:]) * self._units)).sqrt()

    def choices(self, poses: Tensor) -> Tensor:
        """Turns of 30 degrees about the body's axes x, y, z, then the same backwards; nothing else changes."""
        axes = torch.eye(3, device=self.device)
        turns = rotations.from_axis_angle(torch.cat([axes, -axes]), torch.full((6,), TURN, device=self.device))
        actions = torch.nn.functional.pad(turns, (0, self.action_dim - 4))
        return actions.expand(len(poses), 6, self.action_dim)

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """The stored views nearest to the poses."""
        return self.pictures.index_select(0, self._nearest(scenes, poses)).permute(0, 3, 1, 2)

    def frame(self, scene: int, poses: Tensor) -> np.ndarray:
        """The first view of the episode beside the present one."""
        ends = torch.stack([poses[0], poses[-1]])
        views = self.views(torch.full((2,), scene, device=self.device), ends)
        return side_by_side([enlarge(view.permute(1, 2, 0).cpu().numpy()) for view in views])

    def _nearest(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """Indices of views. (B,) int64, (B, P) float32 -> (B,) int64."""
        candidates = self._table[scenes]
        nearest = self.distance(self._poses[candidates], poses[:, None]).argmin(dim=1, keepdim=True)
        return candidates.gather(1, nearest)[:, 0]

    def _shortest(self, differences: Tensor) -> Tensor:
        """Of the numbers behind the quaternion, the short way round where they are periodic. (..., P - 4)."""
        half = self._highs / 2
        return torch.where(self._periodic, (differences + half) % self._highs - half, differences)


class _EveryView:
    """The policy "uniform"."""

    def __init__(self, world: StoredViewsWorld):
        self.world = world

    def __call__(self, episodes: Episodes) -> Tensor:
        return self.world.draw_views(episodes.seeds, episodes.scenes, episodes.step)


def _poses(latents: Tensor, chosen: list[int]) -> Tensor:
    """The poses of views, of which some of the latents behind the rotation are part. (V, 7) -> (V, P)."""
    angles, others = latents[:, :_FIRST_ANGLES], latents[:, _FIRST_ANGLES:]
    inside = ((others >= 0) & (others <= torch.tensor(_HIGHS))).all(1) & angles.isfinite().all(1)
    check_rows("latents", latents, inside, f"angles, then numbers from 0 to {', '.join(f'{h:.3f}' for h in _HIGHS)}")
    return torch.cat([rotations.from_euler(angles.double()).float(), others[:, chosen]], dim=1)


def _squares(values: Tensor) -> Tensor:
    """The sum of squares over the last dimension, added one by one, so that a row does not depend on the batch."""
    total = values[..., 0].square()
    for value in values.unbind(-1)[1:]:
        total = total + value.square()
    return total
