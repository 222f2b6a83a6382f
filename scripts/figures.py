"""The figures of reports, drawn by matplotlib without a screen, legible in print and for the colour-blind."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..envs.frames import draw_scanpath, enlarge
from ..envs.rollout import Rollout
from ..envs.worlds import ImagesWorld
from ..seqjepa.evaluation import Scores
from .scores import summary

TRAINED, UNTRAINED, NULL = "#0072B2", "#E69F00", "#777777"  # Okabe & Ito's blue and orange, and grey
_PATHS = {  # colours of Okabe & Ito, as far as the paper's red, blue and green go
    "full": {"color": "#D55E00", "fmt": "-o"},
    "no-action": {"color": "#0072B2", "fmt": "--s"},
    "no-vision": {"color": "#009E73", "fmt": "-.^"},
    "exact": {"color": "black", "fmt": "-", "linewidth": 1, "zorder": 1},
    "views-and-actions": {"color": "#CC79A7", "fmt": "--", "linewidth": 1.5, "zorder": 1},
    "all-actions": {"color": "black", "fmt": ":", "linewidth": 1.5, "zorder": 1},
    "first-action": {"color": NULL, "fmt": ":", "linewidth": 1.5, "zorder": 1},
    "mean": {"color": NULL, "fmt": "-", "linewidth": 1, "zorder": 1},
}
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#000000", "#CC79A7", "#777777", "#56B4E9", "#E69F00")  # Okabe & Ito's
_MARKERS = "os^Dv*PX"
_FONT_SIZE = 9


def as_data_uri(figure: Figure) -> str:
    """A figure as the source of an HTML image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def scanpaths(world: ImagesWorld, rollout: Rollout, rows: int = 4) -> Figure:
    """Scanpaths drawn on their pictures, each with the glimpses it took, in order."""
    length = rollout.views.shape[1]
    figure = Figure(figsize=(2.2 + 1.15 * length, 2.2 * rows))
    grid = figure.add_gridspec(rows, length + 1, width_ratios=[2.0, *[1.0] * length], hspace=0.15, wspace=0.08)
    for row in range(rows):
        picture = world.pictures[rollout.scenes[row]].cpu().numpy()
        pixels = (rollout.poses[row] * world.side).round().cpu().numpy()
        frame = draw_scanpath(enlarge(picture), pixels, world.side, world.fovea)
        _picture(figure.add_subplot(grid[row, 0]), frame, world.classes[rollout.labels[row]])
        for i in range(length):
            _picture(figure.add_subplot(grid[row, i + 1]), _channels_last(rollout, row, i), f"glimpse {i + 1}")
    return figure


def view_strips(rollout: Rollout, titles: Sequence[str], rows: int = 4) -> Figure:
    """The views of episodes, one episode a row, in order; a row's title stands on its left."""
    length = rollout.views.shape[1]
    figure = Figure(figsize=(1.5 * length, 1.6 * rows))
    axes = figure.subplots(rows, length, squeeze=False)
    for row in range(rows):
        for i in range(length):
            _picture(axes[row, i], _channels_last(rollout, row, i), titles[row] if i == 0 else "")
    return figure


def losses(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """The prediction loss, and the spread of the embeddings, over the steps of each training."""
    figure = Figure(figsize=(8, 3))
    left, right = figure.subplots(1, 2)
    for (name, history), colour, style in zip(histories.items(), (TRAINED, UNTRAINED), ("-", "--"), strict=False):
        steps = [entry["step"] for entry in history]
        left.plot(steps, [entry["prediction"] for entry in history], style, color=colour, label=name)
        right.plot(steps, [entry["spread"] for entry in history], style, color=colour, label=name)
    _finish(left, "step", "1 - cosine of prediction and target")
    _finish(right, "step", "spread of the embeddings (0: collapsed)")
    right.set_ylim(0, 1.05)
    return figure


def accuracy_by_views(trained: Scores, untrained: Scores, views: Sequence[int], title: str) -> Figure:
    """Accuracy of a linear classifier on the aggregate against the number of views, and on z."""
    figure = Figure(figsize=(4.2, 3))
    axes = figure.subplots()
    for scores, name, colour, style in (
        (trained, "trained", TRAINED, "-o"),
        (untrained, "untrained", UNTRAINED, "--s"),
    ):
        middle, spread = zip(*(summary(scores[f"class/aggregate/{m}"]) for m in views), strict=True)
        axes.errorbar(views, middle, spread, fmt=style, color=colour, capsize=3, label=f"aggregate, {name}")
        axes.axhline(summary(scores["class/z"])[0], color=colour, linewidth=1, linestyle=":", label=f"z, {name}")
    axes.axhline(summary(trained["class/majority"])[0], color=NULL, linewidth=1, label="majority class")
    axes.set_xticks(list(views))
    axes.set_ylim(bottom=0)
    axes.set_title(title, fontsize=_FONT_SIZE)
    _finish(axes, "views", "accuracy on unseen instances")
    return figure


def action_scores(trained: Scores, untrained: Scores, title: str) -> Figure:
    """R2 of actions and poses: trained, untrained, and what the first pose alone tells."""
    figure = Figure(figsize=(4.2, 3))
    axes = figure.subplots()
    for offset, scores, name, colour in ((-0.2, trained, "trained", TRAINED), (0.2, untrained, "untrained", UNTRAINED)):
        middle, spread = zip(*(summary(scores[f"action/{key}"]) for key in ("relative", "individual")), strict=True)
        places = np.arange(2) + offset
        axes.bar(places, middle, 0.38, yerr=spread, color=colour, capsize=3, label=name)
    null = summary(trained["action/first_pose"])[0]
    axes.plot([-0.45, 0.45], [null, null], color="black", linewidth=2, label="first pose alone")
    axes.axhline(0, color=NULL, linewidth=1)
    axes.set_xticks([0, 1], ["relative action\n(two views)", "own pose\n(one view)"])
    axes.set_title(title, fontsize=_FONT_SIZE)
    _finish(axes, "", "R2 on unseen instances")
    return figure


def displacement_by_views(scores: Scores, views: Sequence[int], title: str) -> Figure:
    """R2 of the displacement against the number of views and of actions after them, in all conditions and levels."""
    figure = Figure(figsize=(4.2, 3))
    axes = figure.subplots()
    order = sorted(views)
    for who, style in _PATHS.items():
        middle, spread = zip(*(summary(scores[f"path/{who}/{m}/r2"]) for m in order), strict=True)
        axes.errorbar(order, middle, spread, capsize=3, label=who.replace("-", " "), **style)
    axes.set_xticks(order)
    axes.set_ylim(top=1.05)
    axes.set_title(title, fontsize=_FONT_SIZE)
    _finish(axes, "actions M", "R2 of the displacement")
    return figure


def curves(
    points: Sequence[str],
    own: Mapping[str, Sequence[tuple[float, float]]],
    paper: Mapping[str, Sequence[float]],
    title: str,
) -> Figure:
    """Curves of means and deviations over the same points, and the paper's of the same names, dashed."""
    figure = Figure(figsize=(5.2, 3.4))
    axes = figure.subplots()
    places = np.arange(len(points))
    for i, (label, values) in enumerate(own.items()):
        middle, spread = zip(*values, strict=True)
        marker, colour = _marker_and_colour(i)
        axes.errorbar(places, middle, spread, fmt=f"-{marker}", color=colour, capsize=3, label=label)
        if paper.get(label):
            axes.plot(places, paper[label], "--", color=colour, linewidth=1, label=f"{label}, paper")
    axes.set_xticks(places, list(points))
    axes.set_title(title, fontsize=_FONT_SIZE)
    _finish(axes, "", "")
    return figure


def front(methods: Mapping[str, tuple[tuple[float, float], tuple[float, float]]], title: str) -> Figure:
    """Methods by accuracy in per cent and R2, both with their deviations."""
    figure = Figure(figsize=(5.2, 3.4))
    axes = figure.subplots()
    for i, (name, ((x, dx), (y, dy))) in enumerate(methods.items()):
        marker, colour = _marker_and_colour(i)
        axes.errorbar(x, y, dy, dx, fmt=marker, color=colour, capsize=3, elinewidth=0.7)
        axes.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=7, color=colour)
    axes.set_title(title, fontsize=_FONT_SIZE)
    _finish(axes, "top-1 in %", "R2 of the action between two views", legend=False)
    return figure


def _marker_and_colour(i: int) -> tuple[str, str]:
    """Of the i-th curve or point: a pair that comes back only after many."""
    return _MARKERS[(i + i // len(_COLOURS)) % len(_MARKERS)], _COLOURS[i % len(_COLOURS)]


def _channels_last(rollout: Rollout, row: int, view: int) -> np.ndarray:
    return rollout.views[row, view].permute(1, 2, 0).cpu().numpy()


def _picture(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title, fontsize=_FONT_SIZE)
    axes.set_axis_off()


def _finish(axes: Axes, x: str, y: str, legend: bool = True) -> None:
    axes.set_xlabel(x, fontsize=_FONT_SIZE)
    axes.set_ylabel(y, fontsize=_FONT_SIZE)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
