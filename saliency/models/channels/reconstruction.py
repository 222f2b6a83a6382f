"""Which levels of a map reach its border: morphological reconstruction by dilation.

L. Vincent, "Morphological grayscale reconstruction in image analysis", IEEE Transactions on Image Processing 2(2),
1993, section III, with the border of the map as the marker, in 4-connectivity.
"""

from __future__ import annotations

import torch
from torch import Tensor

SWEEPS = 8
"""Each follows paths through two more turns; in photographs, those after the eighth change next to nothing."""


def reach_of_border(maps: Tensor) -> Tensor:
    """The highest level at which each pixel is connected to the border by pixels of that level or higher.

    It is the largest value that the lowest pixel of a path from the border can have. So the pixels above a level t form
    regions of which those with a reach above t touch the border, and the others, at or below t, are surrounded.

    Args:
        maps: (K, H, W) float32.

    Returns:
        (K, H, W), nowhere above the map.
    """
    reach = torch.full_like(maps, -torch.inf)
    for edge in (0, -1):
        reach[:, edge] = maps[:, edge]
        reach[:, :, edge] = maps[:, :, edge]
    rows, cols = maps.transpose(0, 1).contiguous(), maps.permute(2, 0, 1).contiguous()
    reach = reach.transpose(0, 1)
    for _ in range(SWEEPS):
        reach = _sweep(reach, rows)
        reach = _sweep(reach.transpose(0, 2), cols).transpose(0, 2)
    return reach.transpose(0, 1)


def _sweep(reach: Tensor, maps: Tensor) -> Tensor:
    """Carry the reach of each line on to the next ones, forwards and back. (lines, ., .) -> the same."""
    lines, levels = list(reach.unbind()), maps.unbind()
    for i in range(1, len(lines)):
        lines[i] = torch.minimum(levels[i], torch.maximum(lines[i], lines[i - 1]))
    for i in reversed(range(len(lines) - 1)):
        lines[i] = torch.minimum(levels[i], torch.maximum(lines[i], lines[i + 1]))
    return torch.stack(lines)
