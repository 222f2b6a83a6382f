"""Edges and corners, by the structure tensor of a colour picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .gaussian import blur


def structure(maps: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """How much maps vary in the direction in which they vary least, and in that in which they vary most.

    The roots of the eigenvalues of the structure tensor, summed over the maps of a picture (S. Di Zenzo, "A note on the
    gradient of a multi-image", Computer Vision, Graphics, and Image Processing 33(1), 1986). The smaller one is large
    at corners, line ends and in fine detail (Shi & Tomasi, "Good features to track", CVPR 1994): variation in two
    dimensions, which fixations prefer (Krieger, Rentschler, Hauske, Schill & Zetzsche, "Object and scene analysis by
    saccadic eye-movements", Spatial Vision 13, 2000). The larger one is large at straight edges as well.

    Args:
        maps: (N, K, H, W) float32.
        sigma: of the Gaussian over which gradients are gathered, in pixels.

    Returns:
        (N, 1, H, W) each, non-negative, in units of the maps per pixel.
    """
    padded = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    products = torch.stack([(a * b).sum(dim=1) for a, b in ((down, down), (across, across), (down, across))], dim=1)
    rows, cols, mixed = blur(products, sigma).split(1, dim=1)
    middle, half = (rows + cols) / 2, (((rows - cols) / 2).square() + mixed.square()).sqrt()
    return (middle - half).clamp_min(0).sqrt(), (middle + half).sqrt()
