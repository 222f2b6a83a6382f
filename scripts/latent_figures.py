"""Figures of embeddings: maps, nearest neighbours, and accuracy by numbers of views in training and at inference."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..envs.worlds import World
from ..envs.worlds.rotating import RotatingWorld
from ..seqjepa.length_grid import LengthGrid
from ..seqjepa.view_sets import ViewSets
from .scores import summary

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")  # Okabe & Ito's, but yellow
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_FONT_SIZE = 9


def map_by_class(points: Tensor, labels: Tensor, classes: Sequence[str], title: str) -> Figure:
    """Points (N, 2) of a map by their classes (N,): a colour and a shape each, which repeat after 56 classes."""
    figure = Figure(figsize=(4.6, 3.6))
    axes = figure.subplots()
    for place, name in enumerate(classes):
        own = points[labels == place].cpu()
        if len(own):
            axes.scatter(
                *own.T.numpy(),
                s=12,
                color=_COLOURS[place % len(_COLOURS)],
                marker=_MARKERS[place // len(_COLOURS) % len(_MARKERS)],
                alpha=0.7,
                linewidths=0,
                label=name,
            )
    axes.legend(fontsize=6, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), ncols=1 + len(classes) // 20)
    _finish_map(axes, title)
    return figure


def map_by_value(points: Tensor, values: Tensor, title: str, unit: str, period: float | None = None) -> Figure:
    """Points (N, 2) of a map by a number (N,), such as a coordinate of the pose; with a period it goes round."""
    figure = Figure(figsize=(4.6, 3.6))
    axes = figure.subplots()
    shown = values.cpu() if period is None else values.cpu() % period
    limits = {} if period is None else {"vmin": 0.0, "vmax": period}
    colours = "viridis" if period is None else "twilight"
    drawn = axes.scatter(*points.cpu().T.numpy(), c=shown.numpy(), s=12, cmap=colours, linewidths=0, **limits)
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(unit, fontsize=_FONT_SIZE)
    bar.ax.tick_params(labelsize=8)
    _finish_map(axes, title)
    return figure


def neighbour_strips(world: World, sets: ViewSets, found: Tensor, rows: Sequence[int]) -> Figure:
    """Views, one a row, each beside the views that were found for it, with class and distance of pose above these.

    Args:
        world: in which the views are.
        sets: K views of each of N scenes.
        found: (N K, k) int64, as `find_neighbours` gives them.
        rows: numbers of the views to show, each below N K.
    """
    numbers = torch.cat([torch.tensor(rows, device=found.device)[:, None], found[list(rows)]], dim=1)
    scenes = sets.scenes.repeat_interleave(sets.z.shape[1])[numbers]
    poses = sets.poses.flatten(0, 1)[numbers]
    views = world.views(scenes.flatten(), poses.flatten(0, 1)).unflatten(0, numbers.shape)
    distances = world.distance(poses[:, :1].expand_as(poses), poses)
    figure = Figure(figsize=(1.5 * numbers.shape[1], 1.75 * len(rows)))
    for row, column in np.ndindex(*numbers.shape):
        axes = figure.add_subplot(len(rows), numbers.shape[1], row * numbers.shape[1] + column + 1)
        name = world.classes[world.labels[scenes[row, column]]] if world.classes else ""
        apart = _apart(world, float(distances[row, column])) if column else "query"
        axes.imshow(views[row, column].permute(1, 2, 0).cpu().numpy(), interpolation="nearest")
        axes.set_title(f"{name}\n{apart}" if name else apart, fontsize=8)
        axes.set_axis_off()
    return figure


def accuracy_grid(grid: LengthGrid, title: str) -> Figure:
    """Accuracies in per cent by the number of views at inference (rows) and in training (columns)."""
    training, inference = list(grid), list(next(iter(grid.values())))
    cells = np.array([[100 * summary(grid[t][m])[0] for t in training] for m in inference])
    figure = Figure(figsize=(1.4 + 0.65 * len(training), 1.2 + 0.42 * len(inference)))
    axes = figure.subplots()
    axes.imshow(cells, cmap="cividis", aspect="auto")
    middle = (cells.min() + cells.max()) / 2
    for row, column in np.ndindex(*cells.shape):
        colour = "black" if cells[row, column] > middle else "white"
        axes.text(column, row, f"{cells[row, column]:.1f}", ha="center", va="center", color=colour, fontsize=_FONT_SIZE)
    axes.set_xticks(range(len(training)), [str(length) for length in training])
    axes.set_yticks(range(len(inference)), [str(m) for m in inference])
    axes.set_xlabel("views in training", fontsize=_FONT_SIZE)
    axes.set_ylabel("views at inference", fontsize=_FONT_SIZE)
    axes.tick_params(labelsize=8)
    axes.set_title(title, fontsize=_FONT_SIZE)
    return figure


def _apart(world: World, distance: float) -> str:
    return f"{math.degrees(distance):.0f}°" if isinstance(world, RotatingWorld) else f"{distance:.2f}"


def _finish_map(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=_FONT_SIZE)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(False)
