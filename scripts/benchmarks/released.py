"""Glimpses as the code released with seq-JEPA makes them: what ours are held against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

_EVERYWHERE = 1e-16


def released_pipeline(
    pictures: Tensor, maps: Tensor, scenes: Tensor, length: int, fovea: int
) -> Callable[[], tuple[Tensor, Tensor]]:
    """One sequence after the other in one process, as each worker of its loader does.

    A fixation is drawn over all pixels of the map by `torch.multinomial`. The square within half a fovea of it is then
    set to zero, 1e-16 added everywhere, and the map divided by its sum. Glimpses are resampled by an affine grid from
    edge to edge of the square around the fixation, whose row is taken for its column; see `envs.retinas.official`.

    Args:
        pictures: (N, S, S, 3) uint8.
        maps: (N, S, S) float32 with sum 1.
        scenes: (B,) int64, which pictures.
        length: L, glimpses of a sequence.
        fovea: side of the glimpses in pixels.

    Returns:
        A call that returns the views, (B, L, 3, fovea, fovea) uint8, and the fixated pixels, (B, L, 2) int64.
    """
    side = maps.shape[1]
    random = torch.Generator().manual_seed(0)

    def glimpses(picture: Tensor, fixations: Tensor) -> Tensor:
        theta = torch.zeros(length, 2, 3)
        theta[:, 0, 0] = theta[:, 1, 1] = fovea / side
        theta[:, :, 2] = 2 * fixations / side - 1
        grid = functional.affine_grid(theta, [length, 3, fovea, fovea], align_corners=True)
        image = (picture.permute(2, 0, 1).float() / 255).expand(length, -1, -1, -1)
        views = functional.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return (255 * views).round().to(torch.uint8)

    def run() -> tuple[Tensor, Tensor]:
        views, places = [], []
        for scene in scenes.tolist():
            places.append(_scanpath(maps[scene], length, fovea // 2, random))
            views.append(glimpses(pictures[scene], places[-1]))
        return torch.stack(views), torch.stack(places)

    return run


def _scanpath(saliency: Tensor, length: int, radius: int, random: torch.Generator) -> Tensor:
    """(S, S) -> pixels (length, 2) int64."""
    fixations = []
    for _ in range(length):
        row, col = divmod(int(torch.multinomial(saliency.flatten(), 1, generator=random)), saliency.shape[1])
        fixations.append((row, col))
        left = torch.ones_like(saliency)
        left[max(0, row - radius) : row + radius + 1, max(0, col - radius) : col + radius + 1] = 0
        saliency = saliency * left + _EVERYWHERE
        saliency = saliency / saliency.sum()
    return torch.tensor(fixations)
