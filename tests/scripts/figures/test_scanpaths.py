import numpy as np
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.saliency.fixations import Scanpath
from saccadeworld.saliency.models import make_saliency
from saccadeworld.scripts.figures import heat, overlays, scanpaths

LUMINANCE = (0.2126, 0.7152, 0.0722)


def test_what_is_not_salient_stays_as_it_is_in_grey():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    saliency = np.zeros((20, 30))
    saliency[:, 25:] = 1
    drawn = heat(picture, saliency)
    np.testing.assert_allclose(drawn[:, :25], picture[:, :25].mean(2, keepdims=True).repeat(3, 2) / 255)
    assert (np.ptp(drawn[:, 25:], axis=2) > 0.1).all(), "the rest is coloured"


def test_heat_gets_brighter_without_colours_too():
    black = np.zeros((1, 100, 3), np.uint8)
    brightness = heat(black, np.linspace(0, 1, 100)[None])[0] @ LUMINANCE
    assert (np.diff(brightness) >= 0).all()
    assert brightness[-1] > 0.6


def test_a_picture_and_its_maps_stand_side_by_side(checked):
    picture = np.zeros((20, 30, 3), np.uint8)
    fixations = Scanpath(np.array([3.5, 8.0]), np.array([4.5, 9.0]), np.zeros(2))
    maps = {name: np.ones((20, 30)) for name in ("one", "two", "three")}
    figure = checked(overlays(picture, maps, fixations))
    assert [axes.get_title() for axes in figure.axes] == ["fixations of an observer", *maps]
    corners = [axes.get_position().p0.tolist() for axes in figure.axes]
    assert corners[0][1] == corners[1][1] == corners[2][1] > corners[3][1], "three in a row"
    assert corners[0][0] == corners[3][0] < corners[1][0] < corners[2][0]
    for axes in figure.axes:
        numbers = [(text.get_text(), text.get_position()) for text in axes.texts]
        assert numbers == [("1", (3.0, 4.0)), ("2", (7.5, 8.5))]
        assert axes.lines[0].get_xydata().tolist() == [[3.0, 4.0], [7.5, 8.5]]


def test_an_episode_is_drawn_on_its_picture_and_on_saliency(images_world: ImagesWorld, checked):
    rollout = images_world.rollout(2, 3, "saliency", seed=4)
    figure = checked(scanpaths(images_world, rollout, rows=2))
    assert len(figure.axes) == 2 * (2 + 3)
    maps = make_saliency("spectral-residual")(images_world.pictures[rollout.scenes])
    for row in range(2):
        picture, hot, *glimpses = figure.axes[5 * row : 5 * row + 5]
        scene = int(rollout.scenes[row])
        assert np.array_equal(np.asarray(picture.get_images()[0].get_array()), images_world.pictures[scene].numpy())
        shown = heat(images_world.pictures[scene].numpy(), maps[row].numpy())
        np.testing.assert_allclose(np.asarray(hot.get_images()[0].get_array()), shown, atol=1e-5)
        expected = [(str(i + 1), *(40 * pose).round().tolist()) for i, pose in enumerate(rollout.poses[row])]
        for axes in (picture, hot):
            assert [(text.get_text(), *reversed(text.get_position())) for text in axes.texts] == expected
        for axes, view in zip(glimpses, rollout.views[row], strict=True):
            assert np.array_equal(np.asarray(axes.get_images()[0].get_array()), view.permute(1, 2, 0).numpy())
        assert axes.get_title() == "3"
