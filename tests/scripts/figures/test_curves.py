import pytest
from saccadeworld.scripts.figures import accuracy_by_views, curves, displacement_by_views, losses
from saccadeworld.seqjepa.path_integration import CONDITIONS, LEVELS


def data(container) -> list[float]:
    return container.lines[0].get_ydata().tolist()


def test_paths_have_a_curve_for_each_condition_and_level(checked):
    scores = {
        f"path/{who}/{m}/r2": [i + 0.1 * m, i + 0.1 * m + 0.2]
        for i, who in enumerate((*CONDITIONS, *LEVELS))
        for m in (4, 2)
    }
    axes = checked(displacement_by_views(scores, (4, 2), "title")).axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [who.replace("-", " ") for who in (*CONDITIONS, *LEVELS)]
    for i, container in enumerate(axes.containers):
        assert container.lines[0].get_xdata().tolist() == [2, 4]
        assert data(container) == pytest.approx([i + 0.3, i + 0.5])
        low, high = container.lines[2][0].get_segments()[0][:, 1]
        assert high - low == pytest.approx(2 * 0.1 * 2**0.5), "bars are a standard deviation either way"
    drawn = [container.lines[0] for container in axes.containers]
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in drawn}) == len(labels)


def test_accuracy_stands_above_the_numbers_of_views(checked):
    scores = {"class/z": [0.2], "class/majority": [0.1], "class/aggregate/1": [0.3, 0.5], "class/aggregate/3": [0.6]}
    worse = {name: [value / 2 for value in values] for name, values in scores.items()}
    figure = checked(accuracy_by_views(scores, worse, (1, 3), "cats"))
    trained, untrained = figure.axes[0].containers
    assert (data(trained), data(untrained)) == (pytest.approx([0.4, 0.6]), pytest.approx([0.2, 0.3]))
    assert trained.lines[0].get_linestyle() != untrained.lines[0].get_linestyle()
    assert "trained 0.40 at 1, 0.60 at 3" in figure.get_label()


def test_curves_of_the_paper_are_hollow(checked):
    own = {"a": [(0.1, 0.0), (0.2, 0.0)], "b": [(0.3, 0.0), (0.4, 0.0)]}
    axes = checked(curves(["x", "y"], own, {"b": [0.5, 0.6]}, "title", "points", "value")).axes[0]
    assert [data(container) for container in axes.containers] == [[0.1, 0.2], [0.3, 0.4]]
    (paper,) = (line for line in axes.lines if line.get_label() == "b, paper")
    assert paper.get_ydata().tolist() == [0.5, 0.6]
    assert paper.get_markerfacecolor() == "white" != axes.containers[1].lines[0].get_markerfacecolor()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("points", "value")


def test_many_points_are_not_all_named(checked):
    axes = checked(curves([str(i) for i in range(40)], {"a": [(0.0, 0.0)] * 40}, {}, "title")).axes[0]
    assert 5 <= len(axes.get_xticks()) <= 14


def test_losses_of_all_trainings(checked):
    history = [{"step": step, "prediction": 1 / step, "spread": 0.5} for step in (1, 2, 4)]
    left, right = checked(losses({"images": history, "objects": history[:2]})).axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[1, 0.5, 0.25], [1, 0.5]]
    assert [line.get_ydata().tolist() for line in right.lines] == [[0.5] * 3, [0.5] * 2]
