"""What glimpses have told of a picture so far."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .retinas import Retina

UNSEEN = 160  # the grey level of what was never seen


class Known:
    """A picture that grows with every view of it; of several views of a pixel that counts which was fixated nearest.

    Retinas are sharpest at the fixation, so the nearest view is the sharpest.

    Args:
        retina: that views come through.
        side: of the picture in pixels.
        device: of the views.

    Attributes:
        count: how many views there were.
    """

    def __init__(self, retina: Retina, side: int, device: str | torch.device = "cpu"):
        self.count = 0
        self._retina = retina
        line = torch.arange(side, device=device)
        self._places = torch.cartesian_prod(line, line).unflatten(0, (side, side))
        self._picture = torch.full((side, side, 3), UNSEEN, dtype=torch.uint8, device=device)
        self._distance = torch.full((side, side), torch.inf, device=device)

    @property
    def picture(self) -> np.ndarray:
        """(S, S, 3) uint8, grey where nothing was seen."""
        return self._picture.cpu().numpy()

    @property
    def share(self) -> float:
        """How much of the picture was seen, in [0, 1]."""
        return float(self._distance.isfinite().float().mean())

    def add(self, view: Tensor, fixation: Tensor) -> None:
        """A further view, (3, H, W) uint8, from a fixation, (2,) float32."""
        self.count += 1
        seen, told = self._retina.in_place(view, fixation)
        distance = (self._places - fixation * len(self._distance)).abs().amax(-1)
        nearer = told & (distance < self._distance)
        self._picture = torch.where(nearer[..., None], seen.movedim(0, -1), self._picture)
        self._distance = torch.where(nearer, distance, self._distance)
