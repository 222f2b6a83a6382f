"""Colours that skin has."""

from __future__ import annotations

import torch
from torch import Tensor

_CB, _CR = (77, 127), (133, 173)


def skin(colours: Tensor) -> Tensor:
    """Whether a pixel has the colour of skin by two published rules at once.

    By its chromaticity, Cb in [77, 127] and Cr in [133, 173] (Chai & Ngan, "Face segmentation using skin-color map in
    videophone applications", IEEE Transactions on Circuits and Systems for Video Technology 9(4), 1999), and by red,
    green and blue under daylight (Kovac, Peer & Solina, "Human skin colour clustering for face detection", EUROCON
    2003).

    Args:
        colours: (N, 3, H, W) float32 in [0, 1], sRGB.

    Returns:
        (N, 1, H, W) float32, 1 for skin and 0 elsewhere.
    """
    red, green, blue = (255 * colours).split(1, dim=1)
    cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue  # ITU-R BT.601, as in JPEG files
    cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
    chromatic = (cb >= _CB[0]) & (cb <= _CB[1]) & (cr >= _CR[0]) & (cr <= _CR[1])
    spread = torch.maximum(torch.maximum(red, green), blue) - torch.minimum(torch.minimum(red, green), blue)
    daylight = (red > 95) & (green > 40) & (blue > 20) & (spread > 15) & (red - green > 15) & (red > blue)
    return (chromatic & daylight).float()
