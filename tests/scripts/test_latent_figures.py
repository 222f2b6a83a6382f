import numpy as np
import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.scripts.figures import as_data_uri
from saccadeworld.scripts.latent_figures import accuracy_grid, map_by_class, map_by_value, neighbour_strips
from saccadeworld.seqjepa.neighbours import find_neighbours
from saccadeworld.seqjepa.view_sets import ViewSets


def test_every_class_has_a_mark_of_its_own():
    labels = torch.arange(112) % 56
    figure = map_by_class(torch.randn(112, 2), labels, [str(i) for i in range(57)], "classes")
    drawn = figure.axes[0].collections
    marks = {(tuple(part.get_facecolor()[0]), part.get_paths()[0].vertices.tobytes()) for part in drawn}
    assert len(drawn) == len(marks) == 56
    assert sum(len(part.get_offsets()) for part in drawn) == 112
    assert as_data_uri(figure).startswith("data:image/png")


def test_numbers_that_go_round_have_colours_that_do():
    figure = map_by_value(torch.randn(20, 2), torch.linspace(-3, 3, 20), "angle", "turns", period=1.0)
    (drawn,) = figure.axes[0].collections
    assert drawn.get_clim() == (0.0, 1.0)
    assert drawn.get_array().min() >= 0
    assert drawn.get_cmap()(0.0) == pytest.approx(drawn.get_cmap()(1.0), abs=0.02)


def test_strips_show_the_views_that_were_found(pictures, meshes):
    for world, mark in ((ImagesWorld(pictures, fovea=8), "0."), (ObjectsWorld(meshes, size=8), "°")):
        batch = world.rollout(None, 5, "uniform", scenes=torch.arange(3))
        sets = ViewSets(torch.randn(3, 5, 4), batch.poses, batch.labels, batch.scenes)
        found = find_neighbours(sets, 2, other_scenes=True)
        figure = neighbour_strips(world, sets, found, [7, 0])
        assert len(figure.axes) == 6
        views = batch.views.flatten(0, 1)
        for row, query in enumerate((7, 0)):
            for column, number in enumerate([query, *found[query].tolist()]):
                axes = figure.axes[3 * row + column]
                expected = views[number].permute(1, 2, 0).numpy()
                assert np.array_equal(np.asarray(axes.get_images()[0].get_array()), expected)
                assert world.classes[batch.labels[number // 5]] in axes.get_title()
                assert ("query" if column == 0 else mark) in axes.get_title()


def test_the_grid_has_a_cell_for_each_pair_of_lengths():
    figure = accuracy_grid({1: {1: [0.5, 0.7], 4: [0.2]}, 3: {1: [0.1], 4: [1.0]}}, "accuracy")
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in figure.axes[0].texts}
    assert cells == {(0, 0): "60.0", (0, 1): "20.0", (1, 0): "10.0", (1, 1): "100.0"}
