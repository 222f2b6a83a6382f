import pytest
from saccadeworld.scripts.figures import accuracy_grid, action_scores, front

SCORES = {"action/relative": [0.4, 0.6], "action/individual": [0.3, 0.3], "action/first_pose": [0.2, 0.2]}


def test_bars_are_as_high_as_the_scores(checked):
    untrained = {name: [value / 2 for value in values] for name, values in SCORES.items()}
    axes = checked(action_scores(SCORES, untrained, "a title")).axes[0]
    heights = [[bar.get_height() for bar in container] for container in axes.containers if len(container) == 2]
    assert heights == [pytest.approx([0.5, 0.3]), pytest.approx([0.25, 0.15])]
    assert {bar.get_hatch() for bar in axes.patches} == {"", "///"}, "in grey too they are told apart"
    assert axes.lines[-2].get_ydata() == pytest.approx([0.2, 0.2])


def test_methods_lie_where_their_scores_are(checked):
    figure = checked(front({"seq-jepa": ((20.0, 1.0), (0.5, 0.1)), "byol": ((10.0, 1.0), (0.2, 0.1))}, "methods"))
    (first, second) = figure.axes[0].containers
    assert [float(line.get_xdata()[0]) for line in (first.lines[0], second.lines[0])] == [20, 10]
    assert {text.get_text() for text in figure.axes[0].texts} == {"seq-jepa", "byol"}
    assert "byol 10.0 % and 0.20" in figure.get_label()


def test_the_grid_has_a_cell_for_each_pair_of_lengths(checked):
    figure = checked(accuracy_grid({1: {1: [0.5, 0.7], 4: [0.2]}, 3: {1: [0.1], 4: [1.0]}}, "accuracy"))
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in figure.axes[0].texts}
    assert cells == {(0, 0): "60.0", (0, 1): "20.0", (1, 0): "10.0", (1, 1): "100.0"}
