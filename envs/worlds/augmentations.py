"""The world of augmentations: parameters of a transformation give a transformed picture; an action changes them."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..augmentations import augment
from ..augmentations.official import normalise_over_sequence
from ..augmentations.parameters import (
    HIDDEN_HIGH,
    HIGH,
    LATENTS,
    LOW,
    NAMES,
    UNTOUCHED,
    draw_hidden,
    draw_parameters,
    physical,
)
from ..checks import check_flag, check_name, check_whole
from ..frames import draw_box, enlarge
from ..rollout import Episodes, Policy, Rollout
from ..sources.banks import PictureSet
from .picture_world import PictureWorld

STEP = 0.25  # of the range of a number of jitter or blur, in `choices`
_CORNERS = (0.0, 0.25, 0.5)  # of the crops in `choices`, whose sides are half of the picture's


class AugmentationsWorld(PictureWorld):
    """Pictures under crops, colour jitter and blur, as by the pipeline of seq-JEPA (see `envs.augmentations`).

    The pose begins with the numbers that actions change, by default all nine: crop (top, left, height, width), jitter
    (brightness, contrast, saturation, hue) and blur, in the fixed units of `envs.augmentations.parameters`, which are
    shares of their ranges; `latents` restricts them to crop, jitter or blur. Behind them come those of the nine that
    actions do not change, then four that they never change: flip, greyscale, solarisation and the order of the jitter.
    All of these the world draws afresh at every view.

    The action is the difference, in [-1, 1]. What leaves the bounds ends at them: a crop has sides of a quarter of the
    picture at least and lies within it, its size being changed before its place; jitter and blur stay in their ranges.
    Episodes of tasks begin with the untouched picture.

    Policies: "uniform", which draws every view as seq-JEPA draws views that are observed. Those to be predicted, its
    targets, are rarely blurred but may be solarised: `target_view` tells which one that is.

    Args:
        pictures: the pictures.
        latents: what actions change: "all", "crop", "jitter" or "blur".
        blur: whether there is blur; without it poses and actions lack its number.
        view_size: side of the views in pixels; that of the pictures when left out.
        target_view: the number, from 1, of the view in every episode that is drawn as a target: 4 in training on
            rollouts of 5 views. None when left out.
        official: whether the actions of rollouts are those of the released code, which are normalised over the whole
            sequence, future views included (`envs.augmentations.official`). Such actions move nothing: tasks refuse
            them.
        device: "cpu" or "cuda".
        bank_device: "cpu" to leave the pictures on the host where the device is a GPU, see `envs.picture_store`; on the
            device when left out.

    Raises:
        TypeError, ValueError: for unknown names, numbers out of range, or CUDA where there is none.
    """

    name: ClassVar[str] = "augmentations"
    pose_name: ClassVar[str] = "parameters"
    tolerance = 0.1

    def __init__(
        self,
        pictures: PictureSet,
        *,
        latents: str = "all",
        blur: bool = True,
        view_size: int | None = None,
        target_view: int | None = None,
        official: bool = False,
        device: str | torch.device = "cpu",
        bank_device: str | None = None,
    ):
        self.options = {
            "latents": latents,
            "blur": blur,
            "view_size": view_size,
            "target_view": target_view,
            "official": official,
            "device": str(device),
            "bank_device": bank_device,
        }
        check_flag("blur", blur)
        check_flag("official", official)
        super().__init__(pictures, device=device, bank_device=bank_device)
        size = self.side if view_size is None else view_size
        check_whole("view_size", size, 1, 8192)
        self.view_shape = (3, int(size), int(size))
        if target_view is not None:
            check_whole("target_view", target_view, 1, 1_000_000)
        self.target_view = target_view
        self.official = official
        self._set_dimensions(latents, blur)

    def _set_dimensions(self, latents: str, blur: bool) -> None:
        check_name("latents", latents, LATENTS)
        if latents == "blur" and not blur:
            raise ValueError("latents='blur' needs the blur: leave blur=False out")
        shown = range(len(NAMES) if blur else len(NAMES) - 1)
        acted = [i for i in LATENTS[latents] if i in shown]
        order = acted + [i for i in shown if i not in acted]
        self.action_dim, self.pose_dim = len(acted), len(order) + len(HIDDEN_HIGH)
        self.still = (0.0,) * len(acted)
        self.pose_low = tuple(LOW[i] for i in order) + (0.0,) * len(HIDDEN_HIGH)
        self.pose_high = tuple(HIGH[i] for i in order) + HIDDEN_HIGH
        self._crops = latents in ("all", "crop")
        self._order = torch.tensor(order, device=self.device)
        self._places = self._order.argsort()
        self._untouched = torch.tensor(UNTOUCHED, device=self.device)[self._order]
        self._low, self._high = (
            torch.tensor(bounds[: len(acted)], device=self.device) for bounds in (self.pose_low, self.pose_high)
        )
        self._steps = self._make_steps()
        self._targets = self._make_targets()
        self.choice_count = len(self._targets) + len(self._steps)

    def _make_steps(self) -> Tensor:
        """Steps of each number of the action but those of crops, all of them upwards, then downwards, (K, A)."""
        crops = 4 if self._crops else 0
        steps = STEP * torch.eye(self.action_dim, device=self.device)[crops:]
        return torch.cat([steps, -steps])

    def _make_targets(self) -> Tensor:
        """The crops that are offered as choices, (K, 4): none where actions do not change crops."""
        if not self._crops:
            return torch.empty(0, 4, device=self.device)
        corners = torch.cartesian_prod(*[torch.tensor(_CORNERS, device=self.device)] * 2)
        return torch.cat([self._untouched[None, :4], functional.pad(corners, (0, 2), value=0.5)])

    def make_policies(self) -> dict[str, Policy]:
        return {"uniform": _DrawnViews(self)}

    def rollout(
        self,
        batch_size: int | None = None,
        length: int = 5,
        policy: str | Policy | None = None,
        seed: int = 0,
        scenes: Tensor | None = None,
    ) -> Rollout:
        """As every world's; with `official` the actions are normalised over the sequence, the poses are not."""
        batch = super().rollout(batch_size, length, policy, seed, scenes)
        if not self.official:
            return batch
        parameters = self._act_order(physical(self._parameters(batch.poses)))
        return replace(batch, actions=normalise_over_sequence(parameters[..., : self.action_dim])[1])

    def draw(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        """All of the nine, in the order of poses, as seq-JEPA draws them at a step. (B,) int64 -> (B, 9) float32."""
        return self._act_order(draw_parameters(seeds, step, self.side, self._is_target(step)))

    def first_poses(self, seeds: Tensor, scenes: Tensor) -> Tensor:
        """The untouched picture."""
        return functional.pad(self._untouched, (0, len(HIDDEN_HIGH))).repeat(len(seeds), 1)

    def move(self, poses: Tensor, actions: Tensor) -> Tensor:
        if self.official:
            raise ValueError("official=True: actions normalised over a sequence move nothing; leave it out for tasks")
        moved = poses[..., : self.action_dim] + actions
        return self._bounded(torch.cat([moved, poses[..., self.action_dim :]], dim=-1))

    def aim(self, start: Tensor, poses: Tensor) -> Tensor:
        return self._bounded(poses)

    def settle(self, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor) -> Tensor:
        """What actions do not change, drawn as at that step."""
        acted = self._bounded(poses[:, : self.action_dim])
        others = self.draw(seeds, step)[:, self.action_dim :]
        return torch.cat([acted, others, draw_hidden(seeds, step, self._is_target(step))], dim=1)

    def actions_between(self, start: Tensor, end: Tensor) -> Tensor:
        return end[..., : self.action_dim] - start[..., : self.action_dim]

    def distance(self, start: Tensor, end: Tensor) -> Tensor:
        """Euclidean, of the numbers that actions change, in their units."""
        differences = self.actions_between(start, end).unbind(-1)
        return reduce(torch.add, [difference.square() for difference in differences]).sqrt()

    def choices(self, poses: Tensor) -> Tensor:
        """The whole picture and nine crops half as high and wide on a grid, row by row, if actions change crops.

        Then steps by a quarter of the range of each number of jitter and blur that they change, upwards, then the same
        downwards.
        """
        width = self.action_dim
        crops = functional.pad(self._targets - poses[:, None, :4], (0, width))[..., :width]
        return torch.cat([crops, self._steps.expand(len(poses), -1, -1)], dim=1)

    def views(self, scenes: Tensor, poses: Tensor) -> Tensor:
        hidden = poses[:, -len(HIDDEN_HIGH) :]
        pictures, numbers = self._store.near(scenes)
        return augment(pictures, numbers, self._parameters(poses), hidden, self.view_shape[-1])

    def panels(self, scene: int, poses: Tensor) -> dict[str, np.ndarray]:
        """The picture with the outline of the crop, and the present view."""
        view = self.views(torch.tensor([scene], device=self.device), poses[-1:])[0].permute(1, 2, 0).cpu().numpy()
        picture = enlarge(self.pictures[scene].cpu().numpy())
        crop = self._parameters(poses[-1])[:4].tolist()
        return {"crop": draw_box(picture, *crop), "seen now": enlarge(view)}

    def _bounded(self, poses: Tensor) -> Tensor:
        """With the numbers that actions change within their bounds. (..., >= A) -> (..., >= A)."""
        acted = poses[..., : self.action_dim].maximum(self._low).minimum(self._high)
        if self._crops:
            sides = acted[..., 2:4]
            acted = torch.cat([acted[..., :2].minimum(1 - sides), acted[..., 2:]], dim=-1)
        return torch.cat([acted, poses[..., self.action_dim :]], dim=-1)

    def _parameters(self, poses: Tensor) -> Tensor:
        """The nine in their own order, or eight without blur. (..., P) -> (..., 9)."""
        return poses[..., self._places]

    def _act_order(self, parameters: Tensor) -> Tensor:
        """In the order of poses. (..., 9) -> (..., 9), or 8 without blur."""
        return parameters[..., self._order]

    def _is_target(self, step: int | Tensor) -> bool | Tensor:
        return False if self.target_view is None else step == self.target_view


class _DrawnViews:
    """The policy "uniform"."""

    def __init__(self, world: AugmentationsWorld):
        self.world = world

    def __call__(self, episodes: Episodes) -> Tensor:
        return self.world.draw(episodes.seeds, episodes.step)[:, : self.world.action_dim]
