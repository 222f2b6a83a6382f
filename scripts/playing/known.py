"""What a retina has shown of a picture so far, each part as sharply as it was ever seen."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...envs.retinas import Blur, LogPolar, Official, Pyramid, Retina
from ...envs.retinas.retina import nearest_pixels

UNSEEN = 128  # the grey level of what was never seen


class Known:
    """A picture that grows with every view of it; of several views of a pixel that counts which was fixated nearest.

    Retinas are sharpest at the fixation, in rings of squares or circles: so the nearest view is the sharpest.

    Args:
        retina: that views come through.
        side: of the picture in pixels.

    Attributes:
        count: how many views there were.
    """

    def __init__(self, retina: Retina, side: int):
        self.retina = retina
        self.side = side
        self.count = 0
        self._picture = np.full((side, side, 3), UNSEEN, dtype=np.uint8)
        self._distance = np.full((side, side), np.inf)

    @property
    def picture(self) -> np.ndarray:
        """(S, S, 3) uint8, grey where nothing was seen."""
        return self._picture

    @property
    def share(self) -> float:
        """How much of the picture was seen, in [0, 1]."""
        return float(np.isfinite(self._distance).mean())

    def add(self, view: Tensor, fixation: Tensor) -> None:
        """A further view, (3, H, W) uint8, from a fixation, (2,) float32."""
        self.count += 1
        retina, side = self.retina, self.side
        shown = retina.display(view)[-1].permute(1, 2, 0).cpu().numpy()
        row, col = nearest_pixels(fixation[None], side)[0].tolist()
        if isinstance(retina, Official):
            row, col = col, row  # it shows what lies around the transposed place
        top, left = (
            (0, 0) if isinstance(retina, Blur) else (row - _fixated(retina, shown), col - _fixated(retina, shown))
        )
        rows = np.arange(max(top, 0), min(top + shown.shape[0], side))
        cols = np.arange(max(left, 0), min(left + shown.shape[1], side))
        if not len(rows) or not len(cols):
            return
        down, right = np.abs(rows - row)[:, None], np.abs(cols - col)[None]
        round_ = isinstance(retina, LogPolar | Blur)
        distance = np.hypot(down, right) if round_ else np.maximum(down, right).astype(float)
        part = np.ix_(rows, cols)
        nearer = distance < self._distance[part]
        if isinstance(retina, LogPolar):
            nearer &= distance <= retina.radius
        self._picture[part] = np.where(nearer[..., None], shown[np.ix_(rows - top, cols - left)], self._picture[part])
        self._distance[part] = np.where(nearer, distance, self._distance[part])


def _fixated(retina: Retina, shown: np.ndarray) -> int:
    """Which row, and column, of what a retina shows in place is the fixated pixel's."""
    if isinstance(retina, Pyramid):
        return (retina.fovea // 2) << (retina.levels - 1)
    return shown.shape[0] // 2
