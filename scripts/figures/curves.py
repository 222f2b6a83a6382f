"""Curves with their spread: training, accuracy by views, path integration, and any scores over the same points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from ...envs.palette import BLACK, BLUE, GREEN, PURPLE, VERMILLION
from ...seqjepa.evaluation import Scores
from ..scores import summary
from .style import COLUMN, NULL, PAGE, TRAINED, UNTRAINED, describe, finish, in_words, look, plot

_SIZE = (COLUMN, 2.4)
_PATHS = {  # as far as the paper's red, blue and green go
    "full": {"color": VERMILLION, "fmt": "-o"},
    "no-action": {"color": BLUE, "fmt": "--s"},
    "no-vision": {"color": GREEN, "fmt": "-.^"},
    "exact": {"color": BLACK, "fmt": "-", "linewidth": 0.8, "zorder": 1},
    "views-and-actions": {"color": PURPLE, "fmt": "--", "linewidth": 1.2, "zorder": 1},
    "all-actions": {"color": BLACK, "fmt": ":", "linewidth": 1.2, "zorder": 1},
    "first-action": {"color": NULL, "fmt": "-.", "linewidth": 1.2, "zorder": 1},
    "mean": {"color": NULL, "fmt": "-", "linewidth": 0.8, "zorder": 1},
}


def curves(
    points: Sequence[str],
    own: Mapping[str, Sequence[tuple[float, float]]],
    paper: Mapping[str, Sequence[float]],
    title: str,
    x: str = "",
    y: str = "",
) -> Figure:
    """Curves of means and deviations over the same points, and the paper's of the same names, thin and hollow.

    Args:
        points: their names, below them.
        own: by name a mean and a deviation at each point.
        paper: means, of some or all of the names.
        title: above the axes.
        x, y: what the points are, and what is measured.
    """
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    places = range(len(points))
    for i, (name, values) in enumerate(own.items()):
        plot(axes, places, values, name, **look(i))
        if paper.get(name):
            hollow = {**look(i), "linewidth": 0.6, "markerfacecolor": "white"}
            axes.plot(places, paper[name], label=f"{name}, paper", **hollow)
    every = max(1, len(points) // 10)
    axes.set_xticks(places[::every], list(points)[::every])
    finish(axes, x, y, title)
    return describe(figure, f"Curves of {title}: {in_words(own, points)}.")


def losses(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """The prediction loss, and the spread of the embeddings, over the steps of each training."""
    figure = Figure(figsize=(PAGE, 2.4))
    left, right = figure.subplots(1, 2)
    for i, (name, history) in enumerate(histories.items()):
        steps = [entry["step"] for entry in history]
        drawn = {**look(i), "marker": ""}
        left.plot(steps, [entry["prediction"] for entry in history], label=name, **drawn)
        right.plot(steps, [entry["spread"] for entry in history], label=name, **drawn)
    finish(left, "step", "1 - cosine of prediction and target")
    finish(right, "step", "spread of the embeddings (0: collapsed)")
    right.set_ylim(0, 1.05)
    figure.subplots_adjust(wspace=0.3)
    ends = "; ".join(
        f"{name}: loss {own[0]['prediction']:.2f} to {own[-1]['prediction']:.2f}, spread {own[-1]['spread']:.2f} then"
        for name, own in histories.items()
        if own
    )
    return describe(figure, f"Prediction loss and spread of the embeddings over the steps of training. {ends}.")


def accuracy_by_views(trained: Scores, untrained: Scores, views: Sequence[int], title: str) -> Figure:
    """Accuracy of a linear classifier on the aggregate against the number of views, and on z."""
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    told: dict[str, list[tuple[float, float]]] = {}
    for scores, name, colour, style in (
        (trained, "trained", TRAINED, "-o"),
        (untrained, "untrained", UNTRAINED, "--s"),
    ):
        told[name] = [summary(scores[f"class/aggregate/{m}"]) for m in views]
        plot(axes, views, told[name], f"aggregate, {name}", color=colour, fmt=style, markersize=4, linewidth=1.2)
        dotted = (0, (1, 1)) if name == "trained" else (0, (1, 4))
        axes.axhline(summary(scores["class/z"])[0], color=colour, linewidth=1, linestyle=dotted, label=f"z, {name}")
    chance = summary(trained["class/majority"])[0]
    axes.axhline(chance, color=NULL, linewidth=0.8, label="majority class")
    axes.set_xticks(list(views))
    axes.set_ylim(bottom=0)
    finish(axes, "views", "accuracy on unseen instances", title)
    return describe(
        figure, f"{title}: accuracy by the number of views. {in_words(told, views)}; majority class {chance:.2f}."
    )


def displacement_by_views(scores: Scores, views: Sequence[int], title: str) -> Figure:
    """Path integration: R2 of the displacement against the number of views and of actions after them, with spread."""
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    order = sorted(views)
    told = {who: [summary(scores[f"path/{who}/{m}/r2"]) for m in order] for who in _PATHS}
    for who, style in _PATHS.items():
        plot(axes, order, told[who], who.replace("-", " "), markersize=4, **style)
    axes.set_xticks(order)
    axes.set_ylim(top=1.05)
    finish(axes, "actions M", "R2 of the displacement", title)
    return describe(figure, f"R2 of the displacement by the number of actions, {title}: {in_words(told, order)}.")
