"""Scanpaths on their pictures: fixations in their order, and the saliency there as heat."""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...envs.palette import BLACK, ORANGE
from ...envs.policies import SaliencyFixations
from ...envs.rollout import Rollout
from ...envs.worlds import ImagesWorld
from ...saliency.fixations import Scanpath
from .strips import channels_last, class_name
from .style import PAGE, SMALL, describe, show

HEAT = (
    "The picture in grey, with the map as heat: the brighter, from violet over orange to yellow, the more salient. "
    "Fixations are numbered in their order."
)
_COLOURS = "inferno"  # brighter the more salient, in whatever colours one sees
_OPACITY = 0.75
_BRIGHTEST = 0.995  # the share of pixels that are less salient than the brightest heat
_COLUMNS = 3  # pictures in a row


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


def draw_fixations(axes: Axes, fixations: np.ndarray) -> None:
    """The path through fixations, (t, 2) pixels (row, col), with their numbers; whole pixels are their centres."""
    rows, cols = fixations.T
    for colour, width in ((BLACK, 2.5), (ORANGE, 1.2)):
        axes.plot(cols, rows, color=colour, linewidth=width, clip_on=False)
    for number, (row, col) in enumerate(fixations, start=1):
        circle = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": BLACK, "linewidth": 0.8}
        axes.text(col, row, str(number), fontsize=SMALL, ha="center", va="center", bbox=circle)


def overlays(picture: np.ndarray, maps: Mapping[str, np.ndarray], fixations: Scanpath | None = None) -> Figure:
    """A picture, with fixations numbered in their order if there are any, and maps over it, by name.

    Args:
        picture: (H, W, 3) uint8.
        maps: (H, W) each.
        fixations: of one observer; they are drawn on the picture and on every map.

    Raises:
        ValueError: for a map of another size.
    """
    for name, saliency in maps.items():
        if saliency.shape != picture.shape[:2]:
            raise ValueError(
                f"the map {name} has {saliency.shape} pixels, its picture {picture.shape[:2]}: make it anew"
            )
    height, width = picture.shape[:2]
    columns = min(_COLUMNS, 1 + len(maps))
    scale = (PAGE / _COLUMNS - 0.1) / max(height, width)
    rows = math.ceil((1 + len(maps)) / columns)
    title = 0.2  # inches
    figure = Figure(figsize=(columns * (width * scale + 0.08), rows * (height * scale + title)))
    axes = [figure.add_subplot(rows, columns, 1 + place) for place in range(1 + len(maps))]
    show(axes[0], picture, "picture" if fixations is None else "fixations of an observer")
    for place, (name, saliency) in zip(axes[1:], maps.items(), strict=True):
        show(place, heat(picture, saliency), name)
    if fixations is not None:
        pixels = np.stack([fixations.y, fixations.x], axis=1) - 0.5  # pixel 0 reaches from 0 to 1 there
        for place in axes:
            draw_fixations(place, pixels)
    top = 1 - title / (rows * (height * scale + title))
    figure.subplots_adjust(0, 0, 1, top, 0.03, title / (height * scale))
    looked = "" if fixations is None else f" with {len(fixations.x)} fixations of an observer, numbered in their order"
    shown = f", and as heat over it where it is salient by {', '.join(maps)}" if maps else ""
    return describe(figure, f"A picture{looked}{shown}.")


def scanpaths(world: ImagesWorld, rollout: Rollout, rows: int = 4) -> Figure:
    """Scanpaths on their pictures and on saliency, each with the glimpses it took, in order, one episode a row."""
    length = rollout.views.shape[1]
    maps = saliency_of(world, rollout.scenes[:rows])
    side = PAGE / (length + 4.6)  # of a glimpse; pictures are twice as wide
    figure = Figure(figsize=(PAGE, rows * (2 * side + 0.25)))
    grid = figure.add_gridspec(
        rows, length + 2, width_ratios=[2, 2, *[1] * length], left=0, right=1, bottom=0, hspace=0.1, wspace=0.08
    )
    for row in range(rows):
        picture = world.pictures[rollout.scenes[row]].cpu().numpy()
        fixations = (rollout.poses[row] * world.side).round().cpu().numpy()
        first, second = (figure.add_subplot(grid[row, column]) for column in (0, 1))
        show(first, picture, class_name(world, rollout.labels[row]))
        show(second, heat(picture, maps[row].cpu().numpy()), "saliency")
        for axes in (first, second):
            draw_fixations(axes, fixations)
            axes.set_xlim(-0.5, world.side - 0.5)
            axes.set_ylim(world.side - 0.5, -0.5)
        for i in range(length):
            show(figure.add_subplot(grid[row, i + 2]), channels_last(rollout.views[row, i]), str(i + 1))
    names = ", ".join(class_name(world, label) or "a picture" for label in rollout.labels[:rows])
    return describe(
        figure,
        f"{rows} pictures ({names}), each with {length} fixations in their order, the same on its saliency as heat, "
        "and the glimpses at the fixations.",
    )


def saliency_of(world: ImagesWorld, scenes: Tensor) -> Tensor:
    """The maps by which the world's policy "saliency" looks around. (B,) int64 -> (B, side, side) float32."""
    policy = world.policies["saliency"]
    assert isinstance(policy, SaliencyFixations)
    return policy.maps.read(scenes)
