"""Scores side by side: bars of actions and poses, methods on a front, a grid of lengths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ...envs.palette import BLACK
from ...seqjepa.evaluation import Scores
from ...seqjepa.length_grid import LengthGrid
from ..scores import summary
from .style import COLUMN, FONT_SIZE, NULL, PAGE, SMALL, TRAINED, UNTRAINED, describe, finish, look


def action_scores(trained: Scores, untrained: Scores, title: str) -> Figure:
    """R2 of actions and poses: trained, untrained, and what the first pose alone tells."""
    figure = Figure(figsize=(COLUMN, 2.4))
    axes = figure.subplots()
    told = []
    for offset, scores, name, colour, hatch in (
        (-0.2, trained, "trained", TRAINED, ""),
        (0.2, untrained, "untrained", UNTRAINED, "///"),
    ):
        middle, spread = zip(*(summary(scores[f"action/{key}"]) for key in ("relative", "individual")), strict=True)
        drawn = {"color": colour, "hatch": hatch, "capsize": 2, "error_kw": {"elinewidth": 0.7}, "label": name}
        axes.bar(np.arange(2) + offset, middle, 0.38, yerr=spread, **drawn)
        told.append(f"{name} {middle[0]:.2f} and {middle[1]:.2f}")
    null = summary(trained["action/first_pose"])[0]
    axes.plot([-0.45, 0.45], [null, null], color=BLACK, linewidth=1.5, label="first pose alone")
    axes.axhline(0, color=NULL, linewidth=0.8)
    axes.set_xticks([0, 1], ["relative action\n(two views)", "own pose\n(one view)"])
    finish(axes, "", "R2 on unseen instances", title)
    parts = "; ".join([*told, f"first pose alone {null:.2f}"])
    return describe(figure, f"{title}: R2 of the action between two views and of a view's own pose. {parts}.")


def front(methods: Mapping[str, tuple[tuple[float, float], tuple[float, float]]], title: str) -> Figure:
    """Methods by accuracy in per cent and R2, both with their deviations."""
    figure = Figure(figsize=(COLUMN, 2.8))
    axes = figure.subplots()
    for i, (name, ((x, dx), (y, dy))) in enumerate(methods.items()):
        axes.errorbar(x, y, dy, dx, **{**look(i), "linestyle": ""}, capsize=2, elinewidth=0.7)
        axes.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=SMALL)
    finish(axes, "top-1 in %", "R2 of the action between two views", title, legend=False)
    told = "; ".join(f"{name} {x:.1f} % and {y:.2f}" for name, ((x, _), (y, _)) in methods.items())
    return describe(figure, f"{title}, methods by top-1 accuracy and R2 of the action: {told}.")


def accuracy_grid(grid: LengthGrid, title: str) -> Figure:
    """Accuracies in per cent by the number of views at inference (rows) and in training (columns)."""
    training, inference = list(grid), list(next(iter(grid.values())))
    cells = np.array([[100 * summary(grid[t][m])[0] for t in training] for m in inference])
    figure = Figure(figsize=(min(PAGE, 1.0 + 0.48 * len(training)), 0.8 + 0.3 * len(inference)))
    axes = figure.subplots()
    axes.imshow(cells, cmap="cividis", aspect="auto")
    middle = (cells.min() + cells.max()) / 2
    for row, column in np.ndindex(*cells.shape):
        colour = "black" if cells[row, column] > middle else "white"
        axes.text(column, row, f"{cells[row, column]:.1f}", ha="center", va="center", color=colour, fontsize=FONT_SIZE)
    finish(axes, "views in training", "views at inference", title, legend=False)
    axes.set_xticks(range(len(training)), [str(length) for length in training])
    axes.set_yticks(range(len(inference)), [str(m) for m in inference])
    rows = [", ".join(f"{cell:.1f}" for cell in row) for row in cells]
    told = "; ".join(f"{m} at inference: {row}" for m, row in zip(inference, rows, strict=True))
    return describe(figure, f"{title}, in per cent, after {', '.join(map(str, training))} views in training. {told}.")
