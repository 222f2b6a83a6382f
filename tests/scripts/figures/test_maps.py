import pytest
import torch
from saccadeworld.scripts.figures import map_by_class, map_by_value


def test_every_class_has_a_mark_of_its_own(checked):
    labels = torch.arange(112) % 56
    figure = checked(map_by_class(torch.randn(112, 2), labels, [str(i) for i in range(57)], "classes"))
    drawn = figure.axes[0].collections
    marks = {(tuple(part.get_facecolor()[0]), part.get_paths()[0].vertices.tobytes()) for part in drawn}
    assert len(drawn) == len(marks) == 56
    assert sum(len(part.get_offsets()) for part in drawn) == 112


def test_numbers_that_go_round_have_colours_that_do(checked):
    figure = checked(map_by_value(torch.randn(20, 2), torch.linspace(-3, 3, 20), "angle", "turns", period=1.0))
    (drawn,) = figure.axes[0].collections
    assert drawn.get_clim() == (0.0, 1.0)
    assert drawn.get_array().min() >= 0
    assert drawn.get_cmap()(0.0) == pytest.approx(drawn.get_cmap()(1.0), abs=0.02)


def test_neighbouring_classes_differ_in_shape_too():
    drawn = map_by_class(torch.randn(8, 2), torch.arange(8), list("abcdefgh"), "classes").axes[0].collections
    assert len({part.get_paths()[0].vertices.tobytes() for part in drawn}) == 8
