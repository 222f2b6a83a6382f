"""Saliency maps as heat over their pictures, legible for the colour-blind, with fixations in order."""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..saliency.fixations import Scanpath

HEAT = (
    "The picture in grey, with the map as heat: the brighter, from violet over orange to yellow, the more salient. "
    "Fixations are those of one observer, numbered in their order."
)
_COLOURS = "inferno"  # brighter the more salient, in whatever colours one sees
_OPACITY = 0.75
_BRIGHTEST = 0.995  # the share of pixels that are less salient than the brightest heat
_SIDE, _COLUMNS = 2.8, 3  # inches, of the longer side of a picture, and pictures in a row


def heat(picture: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    """A map over its picture in grey, which it leaves visible where nothing is salient.

    Args:
        picture: (H, W, 3) uint8.
        saliency: (H, W), non-negative.

    Returns:
        (H, W, 3) float, in [0, 1].
    """
    strength = (saliency / max(np.quantile(saliency, _BRIGHTEST), np.finfo(np.float32).tiny)).clip(0, 1)[..., None]
    grey = picture.mean(axis=2, keepdims=True) / 255
    colours = matplotlib.colormaps[_COLOURS](strength[..., 0])[..., :3]
    opacity = _OPACITY * np.sqrt(strength)
    return (1 - opacity) * grey + opacity * colours


def overlays(picture: np.ndarray, maps: Mapping[str, np.ndarray], fixations: Scanpath | None = None) -> Figure:
    """A picture, with fixations numbered in their order if there are any, and maps over it, by name.

    Args:
        picture: (H, W, 3) uint8.
        maps: (H, W) each.
        fixations: of one observer.

    Raises:
        ValueError: for a map of another size.
    """
    for name, saliency in maps.items():
        if saliency.shape != picture.shape[:2]:
            raise ValueError(
                f"the map {name} has {saliency.shape} pixels, its picture {picture.shape[:2]}: make it anew"
            )
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    columns = min(_COLUMNS, 1 + len(maps))
    rows = math.ceil((1 + len(maps)) / columns)
    figure = Figure(figsize=(columns * (width * scale + 0.1), rows * (height * scale + 0.3)))
    axes = [figure.add_subplot(rows, columns, 1 + place) for place in range(1 + len(maps))]
    _show(axes[0], picture, "picture" if fixations is None else "fixations of an observer")
    if fixations is not None:
        _number(axes[0], fixations)
    for place, (name, saliency) in zip(axes[1:], maps.items(), strict=True):
        _show(place, heat(picture, saliency), name)
    figure.subplots_adjust(0, 0, 1, 1 - 0.25 / (rows * (height * scale + 0.3)), 0.03, 0.25 / (height * scale))
    return figure


def _show(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set_title(title, fontsize=9, pad=3)
    axes.set_axis_off()


def _number(axes: Axes, fixations: Scanpath) -> None:
    x, y = fixations.x - 0.5, fixations.y - 0.5  # centres of pixels are whole numbers in matplotlib
    axes.plot(x, y, color="black", linewidth=2.5)
    axes.plot(x, y, color="white", linewidth=1)
    for number, place in enumerate(zip(x, y, strict=True), start=1):
        axes.text(
            *place,
            str(number),
            fontsize=7,
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8},
        )
