"""How all figures look: colours, markers and lines, sizes that fit a printed column, and what is told of a figure."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...envs.palette import BLUE, COLOURS, GREY, ORANGE

COLUMN, PAGE = 3.4, 7.0  # inches: the width of a column of print, and of a page with two
FONT_SIZE, SMALL = 8, 7  # points
TRAINED, UNTRAINED, NULL = BLUE, ORANGE, GREY
MARKERS = "os^Dv*PX"
LINES = ("-", "--", "-.", ":")
DPI = 160
_EDGE = 0.02  # inches around what is drawn


def look(i: int) -> dict[str, Any]:
    """How the i-th curve or point is drawn: colour, marker and line style, which come back after 56."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[i % len(MARKERS)],
        "linestyle": LINES[i % len(LINES)],
        "markersize": 4,
        "linewidth": 1.2,
    }


def finish(axes: Axes, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label axes, and put a legend, where one is wanted, below them."""
    axes.set_xlabel(x, fontsize=FONT_SIZE)
    axes.set_ylabel(y, fontsize=FONT_SIZE)
    axes.set_title(title, fontsize=FONT_SIZE)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=SMALL, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)


def show(axes: Axes, picture: np.ndarray, title: str = "") -> None:
    """A picture, (H, W, 3) uint8 or float in [0, 1], with its pixels as squares, and a title above it."""
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title, fontsize=SMALL, pad=2)
    axes.set_axis_off()


def plot(axes: Axes, x: Sequence[float], values: Sequence[tuple[float, float]], name: str, **drawn: Any) -> None:
    """A curve of means with their deviations."""
    middle, spread = zip(*values, strict=True)
    axes.errorbar(x, middle, spread, capsize=2, elinewidth=0.7, label=name, **drawn)


def describe(figure: Figure, told: str) -> Figure:
    """The figure, with words for those who cannot see it: its label, which reports give as the text in its place."""
    figure.set_label(told)
    return figure


def in_words(curves: Mapping[str, Sequence[tuple[float, float]]], points: Sequence[object]) -> str:
    """Where curves of means and deviations begin and end, such as "trained 0.20 at 1, 0.70 at 5"."""
    ends = sorted({0, len(points) - 1})
    told = {name: [f"{values[end][0]:.2f} at {points[end]}" for end in ends] for name, values in curves.items()}
    return "; ".join(f"{name} {', '.join(parts)}" for name, parts in told.items())


def as_image(figure: Figure, kind: str = "png") -> bytes:
    """A figure as the bytes of a file: "png", or for print "pdf" or "svg", whose lines and letters are no pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, bbox_inches="tight", pad_inches=_EDGE)
    return buffer.getvalue()


def as_data_uri(figure: Figure) -> str:
    """A figure as the source of an HTML image."""
    return "data:image/png;base64," + base64.b64encode(as_image(figure)).decode()
