"""Fixations as maps: how many fell on each pixel, and how densely they lie around it."""

from __future__ import annotations

import torch
from torch import Tensor


def fixation_counts(pixels: Tensor, height: int, width: int) -> Tensor:
    """How many fixations fell on each pixel: (n, 2) int64 (row, col) -> (H, W) int64.

    Raises:
        ValueError: for pixels of another shape or dtype, or outside the map.
    """
    if pixels.ndim != 2 or pixels.shape[1] != 2 or pixels.dtype != torch.int64:
        raise ValueError(f"pixels must be (n, 2) int64, (row, col), got {tuple(pixels.shape)} {pixels.dtype}")
    bounds = torch.tensor([height, width], device=pixels.device)
    outside = ((pixels < 0) | (pixels >= bounds)).any(1)
    if outside.any():
        raise ValueError(f"pixel {pixels[outside][0].tolist()} lies outside a map of {height} x {width} pixels")
    return torch.bincount(pixels[:, 0] * width + pixels[:, 1], minlength=height * width).view(height, width)


def fixation_density(pixels: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """A Gaussian around every fixation, the continuous map that a set of fixations stands for.

    A degree of visual angle is the usual sigma (Le Meur & Baccino, Behavior Research Methods 45, 2013). What lies
    beyond the border of the map is cut off, and nothing is reflected; the Gaussian itself is not cut.

    Args:
        pixels: (n, 2) (row, col), n >= 1, of any type.
        height: H.
        width: W.
        sigma: standard deviation in pixels.

    Returns:
        (H, W) float64 with sum 1.

    Raises:
        ValueError: for no fixations, or a sigma that is not positive.
    """
    if len(pixels) == 0:
        raise ValueError("there are no fixations to make a density of")
    if not sigma > 0:
        raise ValueError(f"sigma={sigma} must be positive")
    down, across = (
        torch.exp(-0.5 * ((torch.arange(side, device=pixels.device) - at.double()[:, None]) / sigma).square())
        for side, at in zip((height, width), pixels.unbind(1), strict=True)
    )
    density = down.T @ across
    return density / density.sum()
