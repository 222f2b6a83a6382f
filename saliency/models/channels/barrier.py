"""How far a pixel is from the border when what costs is only how much the colours on the way differ."""

from __future__ import annotations

from torch import Tensor

from .reconstruction import reach_of_border


def barrier_distance(maps: Tensor) -> Tensor:
    """The minimum barrier distance from the border, summed over the maps of a picture.

    R. Strand, K. C. Ciesielski, F. Malmberg & P. K. Saha, "The minimum barrier distance", Computer Vision and Image
    Understanding 117(4), 2013: the lowest peak on a path from the border minus the highest valley on another, which is
    how many thresholds of the map leave the pixel in a region that does not touch the border (Zhang & Sclaroff,
    "Exploiting surroundedness for saliency detection: a Boolean map approach", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 38(5), 2016, section 4).

    Args:
        maps: (N, K, H, W) float32.

    Returns:
        (N, 1, H, W), non-negative.
    """
    single = maps.flatten(0, 1)
    distance = -reach_of_border(-single) - reach_of_border(single)
    return distance.view_as(maps).sum(dim=1, keepdim=True)
