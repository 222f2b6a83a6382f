"""Views of episodes in strips: glimpses, rotations with their angles, nearest neighbours, and what is attended to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...envs.palette import BLUE
from ...envs.rollout import Rollout
from ...envs.worlds import World
from ...envs.worlds.rotating import RotatingWorld
from ...seqjepa.view_sets import ViewSets
from .style import PAGE, SMALL, describe, show

_LARGEST = 1.3  # inches, of a view


def view_strips(rollout: Rollout, titles: Sequence[str], rows: int = 4) -> Figure:
    """The views of episodes, one episode a row, in order; a row's title stands above its first view."""
    length = rollout.views.shape[1]
    names = [[titles[row], *map(str, range(2, length + 1))] for row in range(rows)]
    figure = _strips(rollout.views[:rows], names)
    return describe(figure, f"{length} views each of {', '.join(titles[:rows])}, in the order in which they were seen.")


def rotation_strips(world: RotatingWorld, rollout: Rollout, rows: int = 4) -> Figure:
    """Views of objects under rotations, one object a row: each with the angle by which it was turned from the last."""
    degrees = torch.rad2deg(world.distance(rollout.poses[:rows, :-1], rollout.poses[:rows, 1:])).tolist()
    classes = [class_name(world, label) or "object" for label in rollout.labels[:rows]]
    names = [[name, *(f"turned by {angle:.0f}°" for angle in own)] for name, own in zip(classes, degrees, strict=True)]
    told = "; ".join(
        f"{name}, turned by " + ", ".join(f"{angle:.0f}" for angle in own) + " degrees"
        for name, own in zip(classes, degrees, strict=True)
    )
    return describe(_strips(rollout.views[:rows], names), f"Objects from view to view: {told}.")


def attention_strips(views: Tensor, weights: Tensor, titles: Sequence[str]) -> Figure:
    """Views, one sequence a row, each above a bar and the number for how much of the attention it gets.

    Args:
        views: (B, M, 3, H, W) uint8.
        weights: (B, M), in [0, 1], such as the mean over heads of `seqjepa.attention.aggregate_attention` in a layer.
        titles: B, above the first views.
    """
    figure = _strips(views, [[title, *[""] * (weights.shape[1] - 1)] for title in titles], below=0.17)
    for axes, share in zip(list(figure.axes), weights.flatten().tolist(), strict=True):
        _bar(axes, share)
    shares = [", ".join(f"{100 * share:.0f}" for share in own) for own in weights.tolist()]
    told = "; ".join(f"{title or 'views'}: {own} per cent" for title, own in zip(titles, shares, strict=True))
    return describe(figure, f"Views, each with its share of the attention. {told}.")


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
    names = []
    for row in range(len(rows)):
        apart = ["query", *(_apart(world, float(distance)) for distance in distances[row, 1:])]
        classes = [class_name(world, world.labels[scene]) for scene in scenes[row]]
        names.append(["\n".join(filter(None, pair)) for pair in zip(classes, apart, strict=True)])
    told = "; ".join(", ".join(name.replace("\n", " ") for name in row) for row in names)
    return describe(_strips(views, names), f"Views, each followed by the views nearest to it: {told}.")


def channels_last(view: Tensor) -> np.ndarray:
    """A view as it is drawn. (3, H, W) -> (H, W, 3)."""
    return view.permute(1, 2, 0).cpu().numpy()


def class_name(world: World, label: Tensor) -> str:
    """The name of a class, () int64; empty in a world without classes."""
    return world.classes[int(label)] if world.classes else ""


def _strips(views: Tensor, names: Sequence[Sequence[str]], below: float = 0) -> Figure:
    """Views (B, L, 3, H, W) in B rows, with names above them, and room in inches below."""
    rows, length = views.shape[:2]
    side = min(_LARGEST, PAGE / length - 0.08)
    title = 0.16 * (1 + max(name.count("\n") for row in names for name in row))
    gap = title + below
    figure = Figure(figsize=(length * (side + 0.08), rows * (side + gap)))
    for row, i in product(range(rows), range(length)):
        show(figure.add_subplot(rows, length, row * length + i + 1), channels_last(views[row, i]), names[row][i])
    height = rows * (side + gap)
    figure.subplots_adjust(0, below / height, 1, 1 - title / height, 0.08 / side, gap / side)
    return figure


def _bar(axes: Axes, share: float) -> None:
    """A bar below a view, as long as its share of the view's width, and the share in figures."""
    bar = axes.inset_axes((0, -0.13, 1, 0.1))
    bar.barh(0, 1, 1, color="white", edgecolor="black", linewidth=0.6)
    bar.barh(0, share, 1, color=BLUE, edgecolor="black", linewidth=0.6)
    inside = share > 0.5
    place, side, colour = (share - 0.03, "right", "white") if inside else (share + 0.03, "left", "black")
    bar.text(place, -0.05, f"{100 * share:.0f} %", fontsize=SMALL, va="center", ha=side, color=colour)
    bar.set_xlim(0, 1)
    bar.set_ylim(-0.5, 0.5)
    bar.set_axis_off()


def _apart(world: World, distance: float) -> str:
    return f"{math.degrees(distance):.0f}°" if isinstance(world, RotatingWorld) else f"{distance:.2f}"
