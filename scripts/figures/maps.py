"""Maps of embeddings: points in the plane, by class and by numbers such as a coordinate of the pose."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...envs.palette import COLOURS, GREY
from .style import COLUMN, FONT_SIZE, MARKERS, SMALL, describe

_HEIGHT = 2.8


def map_by_class(points: Tensor, labels: Tensor, classes: Sequence[str], title: str) -> Figure:
    """Points (N, 2) of a map by their classes (N,): a colour and a shape each, which repeat after 56 classes."""
    figure = Figure(figsize=(COLUMN, _HEIGHT))
    axes = figure.subplots()
    shown = []
    for place, name in enumerate(classes):
        own = points[labels == place].cpu()
        if len(own):
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            axes.scatter(*own.T.numpy(), s=12, color=colour, marker=marker, alpha=0.7, linewidths=0, label=name)
            shown.append(name)
    columns = max(1, min(4, len(shown), 56 // max(map(len, shown), default=1)))
    axes.legend(
        fontsize=SMALL, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=columns, handletextpad=0.1,
        columnspacing=0.8, borderpad=0,
    )  # fmt: skip
    _finish(axes, title)
    return describe(figure, f"A map of {len(points)} embeddings by class: {', '.join(shown)}.")


def map_by_value(points: Tensor, values: Tensor, title: str, unit: str, period: float | None = None) -> Figure:
    """Points (N, 2) of a map by a number (N,), such as a coordinate of the pose; with a period it goes round."""
    figure = Figure(figsize=(COLUMN, _HEIGHT))
    axes = figure.subplots()
    shown = values.cpu() if period is None else values.cpu() % period
    limits = {} if period is None else {"vmin": 0.0, "vmax": period}
    colours = "viridis" if period is None else "twilight"
    edge = {"linewidths": 0.3, "edgecolors": GREY}  # for those as pale as the page
    drawn = axes.scatter(*points.cpu().T.numpy(), c=shown.numpy(), s=14, cmap=colours, **edge, **limits)
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(unit, fontsize=FONT_SIZE)
    bar.ax.tick_params(labelsize=SMALL)
    _finish(axes, title)
    low, high = float(shown.min()), float(shown.max())
    return describe(figure, f"A map of {len(points)} embeddings {title}, from {low:.2f} to {high:.2f} {unit}.")


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=FONT_SIZE)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(False)
