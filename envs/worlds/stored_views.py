"""The world of stored views: objects that are seen from a few poses only, those of which there are pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from .. import draws, rotations
from ..checks import check_rows
from ..devices import resolve_device
from ..picture_store import PictureStore
from ..rollout import Episodes, Policy
from ..sources import VIEW_OPTIONS, load_view_source
from ..sources.banks import Split, ViewSet
from ..stage import STAGE_HIGH
from .rotating import RotatingWorld

_ANGLES = 3  # latents in front, the object's own
_RADIANS = (2 * math.pi, math.pi / 4, 2 * math.pi, 2 * math.pi)  # in the range of each of the others, for distances


class StoredViewsWorld(RotatingWorld):
    """Stored views of 3D objects, such as those of 3DIEBench.

    Poses and actions are those of the world "objects", with the same `latents`; what these leave out of floor and
    light changes from view to view unannounced.

    Every pose that is observed is that of a stored view: an action leads to the view nearest to where it points, which
    may be the one it started from; of several that are equally near to the first. With "rotation" the nearest is that
    with the smallest geodesic angle; otherwise the root of the sum of squares of that angle and of the differences of
    the other latents decides, a hue counting as an angle on its circle.

    Policies: "uniform", which draws views without replacement, as 3DIEBench's users do; when all were seen, afresh.

    Args:
        views: the objects.
        latents: "rotation", "rotcolor" or "all".
        device: "cpu" or "cuda".
        bank_device: "cpu" to leave the pictures on the host where the device is a GPU, see `envs.picture_store`; on the
            device when left out.

    Raises:
        TypeError, ValueError: for what is no set of views, unknown latents, latents of views out of range, or CUDA
            where there is none.
    """

    name: ClassVar[str] = "stored-views"

    def __init__(
        self,
        views: ViewSet,
        *,
        latents: str = "rotation",
        device: str | torch.device = "cpu",
        bank_device: str | None = None,
    ):
        if not isinstance(views, ViewSet):
            raise TypeError(f"a world of stored views is made of a ViewSet, got {type(views).__name__}")
        self.device = resolve_device(device)
        self.made_of = views
        self.options = {"latents": latents, "device": str(device), "bank_device": bank_device}
        self._store = PictureStore(views.views, self.device, bank_device)
        self.pictures = self._store.pictures.pictures
        self.classes, self.skipped = views.views.classes, views.views.skipped
        self.labels = views.views.labels[views.first].to(self.device)
        self.counts = views.counts.to(self.device)
        shown = self.set_dimensions(latents)
        self._radians = torch.tensor([_RADIANS[i] for i in shown], device=self.device)
        side = self.pictures.shape[1]
        self.view_shape = (3, side, side)
        # Objects with fewer views than others have their first one again behind them, which is never nearer.
        place = torch.arange(int(views.counts.max()))
        self._table = (views.first[:, None] + place.where(place < views.counts[:, None], 0)).to(self.device)
        self._poses = self._read(views.latents).to(self.device)

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
    def option_names(cls, options: Mapping[str, Any]) -> set[str]:
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

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """The stored views nearest to the poses."""
        pictures, numbers = self._store.near(self._nearest(scenes, poses))
        return pictures.index_select(0, numbers).permute(0, 3, 1, 2)

    def _read(self, latents: Tensor) -> Tensor:
        """The poses of views. (V, 7) -> (V, P)."""
        angles, others = latents[:, :_ANGLES], latents[:, _ANGLES:]
        inside = ((others >= 0) & (others <= torch.tensor(STAGE_HIGH))).all(1) & angles.isfinite().all(1)
        check_rows("latents", latents, inside, f"angles, then numbers from 0 to {', '.join(map(str, STAGE_HIGH))}")
        chosen = list(self.latents.order[: len(self.latents)])
        return torch.cat([rotations.from_euler(angles.double()).float(), others[:, chosen]], dim=1)

    def _nearest(self, scenes: Tensor, poses: Tensor) -> Tensor:
        """Indices of views. (B,) int64, (B, P) float32 -> (B,) int64."""
        candidates = self._table[scenes]
        stored, aims = self._poses[candidates], poses[:, None]
        apart, together = stored[..., :4] - aims[..., :4], stored[..., :4] + aims[..., :4]
        squares = torch.minimum(_squares(apart), _squares(together))
        if len(self.latents) > 0:
            angles = 4 * torch.asin(squares.sqrt() / 2)
            others = self.latents.between(stored[..., 4:], aims[..., 4:]) * self._radians
            squares = angles.square() + _squares(others)
        return candidates.gather(1, squares.argmin(dim=1, keepdim=True))[:, 0]


class _EveryView:
    """The policy "uniform"."""

    def __init__(self, world: StoredViewsWorld):
        self.world = world

    def __call__(self, episodes: Episodes) -> Tensor:
        return self.world.draw_views(episodes.seeds, episodes.scenes, episodes.step)


def _squares(values: Tensor) -> Tensor:
    """The sum of squares over the last dimension, added one by one, so that a row does not depend on the batch."""
    total = values[..., 0].square()
    for value in values.unbind(-1)[1:]:
        total = total + value.square()
    return total
