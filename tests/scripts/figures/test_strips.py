import numpy as np
import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.scripts.figures import attention_strips, neighbour_strips, rotation_strips, view_strips
from saccadeworld.seqjepa.neighbours import find_neighbours
from saccadeworld.seqjepa.view_sets import ViewSets
from scipy.spatial.transform import Rotation


def drawn(axes) -> np.ndarray:
    return np.asarray(axes.get_images()[0].get_array())


def test_views_stand_in_the_order_of_their_episodes(images_world: World, checked):
    rollout = images_world.rollout(3, 4, "uniform", seed=1)
    figure = checked(view_strips(rollout, ["first", "second", "third"], rows=2))
    assert len(figure.axes) == 8
    for place, axes in enumerate(figure.axes):
        row, i = divmod(place, 4)
        assert np.array_equal(drawn(axes), rollout.views[row, i].permute(1, 2, 0).numpy())
        assert axes.get_title() == (("first", "second")[row] if i == 0 else str(i + 1))


def test_views_of_objects_tell_by_how_much_they_were_turned(objects_world: ObjectsWorld, checked):
    rollout = objects_world.rollout(2, 3, "uniform", seed=1)
    figure = checked(rotation_strips(objects_world, rollout, rows=2))
    for row in range(2):
        turns = Rotation.from_quat(rollout.poses[row, :, :4].double().numpy())
        angles = np.degrees((turns[:-1].inv() * turns[1:]).magnitude())
        own = figure.axes[3 * row : 3 * row + 3]
        name = objects_world.classes[rollout.labels[row]]
        assert [axes.get_title() for axes in own] == [name, *(f"turned by {angle:.0f}°" for angle in angles)]
        assert np.array_equal(drawn(own[2]), rollout.views[row, 2].permute(1, 2, 0).numpy())
    assert f"{name}, turned by {angles[0]:.0f}, {angles[1]:.0f} degrees" in figure.get_label()


def test_bars_are_as_long_as_the_attention(images_world: World, checked):
    views = images_world.rollout(2, 3, "uniform").views
    weights = torch.tensor([[0.1, 0.55, 0.25], [0.0, 1.0, 0.0]])
    figure = checked(attention_strips(views, weights, ["cat", "dog"]))
    assert np.array_equal(drawn(figure.axes[4]), views[1, 1].permute(1, 2, 0).numpy())
    bars = [axes.child_axes[0] for axes in figure.axes if axes.child_axes]
    lengths = [bar.patches[1].get_width() / bar.patches[0].get_width() for bar in bars]
    assert lengths == pytest.approx(weights.flatten().tolist())
    assert [bar.texts[0].get_text() for bar in bars] == ["10 %", "55 %", "25 %", "0 %", "100 %", "0 %"]
    assert "cat: 10, 55, 25 per cent" in figure.get_label()


def test_strips_show_the_views_that_were_found(pictures, meshes, checked):
    for world, mark in ((ImagesWorld(pictures, fovea=8), "0."), (ObjectsWorld(meshes, size=8), "°")):
        batch = world.rollout(None, 5, "uniform", scenes=torch.arange(3))
        sets = ViewSets(torch.randn(3, 5, 4), batch.poses, batch.labels, batch.scenes)
        found = find_neighbours(sets, 2, other_scenes=True)
        figure = checked(neighbour_strips(world, sets, found, [7, 0]))
        assert len(figure.axes) == 6
        views = batch.views.flatten(0, 1)
        for row, query in enumerate((7, 0)):
            for column, number in enumerate([query, *found[query].tolist()]):
                axes = figure.axes[3 * row + column]
                expected = views[number].permute(1, 2, 0).numpy()
                assert np.array_equal(drawn(axes), expected)
                assert world.classes[batch.labels[number // 5]] in axes.get_title()
                assert ("query" if column == 0 else mark) in axes.get_title()
