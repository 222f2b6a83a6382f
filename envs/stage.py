"""The stage of an object, colours of floor and light and the light's place: 3DIEBench's latents beside the rotation.

Garrido, Najman & LeCun, "Self-supervised learning of split invariant equivariant representations" (ICML 2023); as
parts of actions in seq-JEPA (Ghaemi, Muller & Bakhtiari, NeurIPS 2025), with the hues wrapped.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from . import draws
from .checks import check_name

STAGE_HIGH = (1.0, math.pi / 4, 2 * math.pi, 1.0)
"""Hue of the floor in turns; polar angle and azimuth of the spot light in radians; its hue in turns: all from 0."""

LATENTS: dict[str, tuple[int, ...]] = {"rotation": (), "rotcolor": (0, 3), "all": (0, 1, 2, 3)}
"""Which of them are part of actions beside the rotation, by the names that seq-JEPA gives these sets."""

_CIRCULAR = (True, False, True, True)


class StageLatents:
    """The latents of the stage that actions change, and their differences.

    A difference is a share of its latent's range: a turn of a hue or of the azimuth is 1, and so are 45 degrees of
    the polar angle. Hues and the azimuth go round: their differences are taken the short way, in [-0.5, 0.5]. The
    polar angle ends at its bounds; its differences lie in [-1, 1].

    Args:
        name: in `LATENTS`.
        device: where tensors live.

    Attributes:
        order: positions of these latents among the four of the stage, and behind them of the others.

    Raises:
        ValueError: for an unknown name.
    """

    def __init__(self, name: str, device: torch.device):
        check_name("latents", name, LATENTS)
        chosen = LATENTS[name]
        self.order = chosen + tuple(i for i in range(len(STAGE_HIGH)) if i not in chosen)
        self._count = len(chosen)
        self._order = torch.tensor(self.order, device=device)
        self._stage_high = torch.tensor(STAGE_HIGH, device=device)
        self._ranges = self._stage_high[self._order][: self._count]
        self._circular = torch.tensor(_CIRCULAR, device=device)[self._order][: self._count]

    def __len__(self) -> int:
        return self._count

    def split(self, stage: Tensor) -> tuple[Tensor, Tensor]:
        """These latents of a stage, and the others. (B, 4) -> (B, n), (B, 4 - n)."""
        ordered = stage.index_select(1, self._order)
        return ordered[:, : self._count], ordered[:, self._count :]

    def draw_stage(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        """All four latents, uniform over their ranges. (B,) int64 -> (B, 4) float32."""
        return draws.uniform(seeds, step, "stage", len(STAGE_HIGH)) * self._stage_high

    def draw(self, seeds: Tensor, step: int | Tensor) -> Tensor:
        """These latents as `draw_stage` has them. (B,) int64 -> (B, n) float32."""
        if not len(self):
            return torch.empty(len(seeds), 0, device=seeds.device)
        return self.split(self.draw_stage(seeds, step))[0]

    def draw_near(self, values: Tensor, seeds: Tensor, step: int | Tensor, reach: float) -> Tensor:
        """Uniform within a share of the range around the values, cut at bounds. (B, n), (B,) -> (B, n) float32."""
        shares = values / self._ranges
        low = torch.where(self._circular, -reach, (-shares).clamp_min(-reach))
        high = torch.where(self._circular, reach, (1 - shares).clamp_max(reach))
        u = draws.uniform(seeds, step, "latents", len(self))
        return self.add(values, low + u * (high - low))

    def add(self, values: Tensor, differences: Tensor) -> Tensor:
        """The latents after differences. (..., n), (..., n) -> (..., n)."""
        moved = values + differences * self._ranges
        return torch.where(self._circular, moved % self._ranges, moved.clamp_min(0).minimum(self._ranges))

    def between(self, start: Tensor, end: Tensor) -> Tensor:
        """The differences that lead from one to the other. (..., n), (..., n) -> (..., n)."""
        return self.shortest((end - start) / self._ranges)

    def shortest(self, differences: Tensor) -> Tensor:
        """The same change, the short way round. (..., n) -> (..., n)."""
        return torch.where(self._circular, differences - differences.round(), differences)
