from pathlib import Path

import numpy as np
import pytest
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.saliency.osie import load_osie


def scanpath(*points: tuple[float, float]) -> Scanpath:
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return Scanpath(x, y, np.arange(len(x)) * 100.0)


@pytest.fixture
def fixations() -> Fixations:
    """Two pictures of different sizes, two observers."""
    return Fixations(
        ("wide", "tall"),
        ((80, 40), (30, 60)),
        (
            (scanpath((0, 0), (79.9, 39.9), (40, 20)), scanpath((25.5, 10))),
            (scanpath(), scanpath((15, 30), (29, 59))),
        ),
    )


def test_pixels_hold_the_fixations_between_their_edges():
    assert scanpath((0, 0), (0.99, 3.01), (79.9, 39)).pixels().tolist() == [[0, 0], [3, 0], [39, 79]]


def test_a_fixation_at_the_centre_of_a_pixel_is_that_pixel_as_a_fraction():
    places = scanpath((10.5, 20.5), (0, 0), (79.99, 39.99)).places((80, 40))
    assert places.dtype == np.float32
    assert np.allclose(places, [[20 / 40, 10 / 80], [0, 0], [39 / 40, 79 / 80]])


def test_the_pixel_nearest_to_a_fraction_is_the_pixel_that_holds_the_fixation():
    random = np.random.default_rng(0)
    path = Scanpath(random.uniform(0, 96, 1000), random.uniform(0, 96, 1000), np.zeros(1000))
    assert np.array_equal(np.floor(path.places((96, 96)).astype(np.float64) * 96 + 0.5), path.pixels())


def test_fractions_are_those_of_the_scanpath_made_of_them():
    path = scanpath((10.5, 20.5), (3.25, 7.75))
    back = Scanpath.of_places(path.places((80, 40)), (80, 40))
    assert np.allclose([back.x, back.y], [path.x, path.y], atol=1e-5)
    assert back.durations.tolist() == [0, 0]
    assert Scanpath.of_places(np.array([[20 / 40, 10 / 80]]), (80, 40)).pixels().tolist() == [[20, 10]]


def test_resized_fixations_keep_their_fractions_of_the_picture(fixations: Fixations):
    resized = fixations.resized((160, 20))
    assert resized.sizes == ((160, 20),) * 2
    assert resized.scanpaths[0][0].x.tolist() == pytest.approx([0, 159.8, 80])
    assert resized.scanpaths[1][1].y.tolist() == pytest.approx([10, 59 / 3])
    assert resized.scanpaths[1][1].durations.tolist() == [0, 100]


def test_centre_crops_keep_what_lies_in_the_square(fixations: Fixations):
    cropped = fixations.centre_cropped(20)
    assert cropped.sizes == ((20, 20),) * 2
    (first, second), (empty, tall) = cropped.scanpaths
    assert (first.x.tolist(), first.y.tolist(), first.durations.tolist()) == ([10], [10], [200])
    assert (second.x.tolist(), second.y.tolist()) == ([2.75], [5])
    assert len(empty) == 0
    assert (tall.x.tolist(), tall.y.tolist()) == ([10], [10])


def test_pooled_left_out_and_elsewhere(fixations: Fixations):
    assert fixations.pooled(0).x.tolist() == [0, 79.9, 40, 25.5]
    own, others = zip(*fixations.leave_one_out(0), strict=True)
    assert [path.x.tolist() for path in own] == [[0, 79.9, 40], [25.5]]
    assert [path.x.tolist() for path in others] == [[25.5], [0, 79.9, 40]]
    assert fixations.elsewhere(0).x.tolist() == pytest.approx([40, 29 * 80 / 30])
    assert fixations.elsewhere(0).y.tolist() == pytest.approx([20, 59 * 40 / 60])


def test_pictures_are_selected_by_name(fixations: Fixations):
    selected = fixations.select(["tall", "wide"])
    assert selected.names == ("tall", "wide")
    assert selected.sizes == ((30, 60), (80, 40))
    assert selected.scanpaths == fixations.scanpaths[::-1]
    with pytest.raises(ValueError, match="no fixations on 'round'; the pictures are called 'wide', 'tall'"):
        fixations.select(["wide", "round"])


def test_lists_are_no_scanpath():
    with pytest.raises(TypeError, match=r"x must be an array, \(n,\) float64, got list"):
        Scanpath([1.0], [1.0], [0.0])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a", "a"), ((9, 9),) * 2, ((), ())), "two pictures are called 'a'"),
        ((("a",), ((9, 9),) * 2, ((), ())), "1 names, 2 sizes and 2 lists"),
        ((("a",), ((9, 5),), ((scanpath(), scanpath((1, 1), (2, 5))),)), r"'a', observer 1: fixation 1 at .*\(2.0, 5"),
    ],
)
def test_fixations_that_make_no_sense_are_refused(arguments: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        Fixations(*arguments)


@pytest.mark.parametrize(
    ("x", "durations", "message"),
    [
        ([1.0, np.nan], [1.0, 1.0], "x holds nan"),
        ([1.0], [1.0, 1.0], "y is"),
        ([1.0, 2.0], [1.0, -5.0], "-5.0 ms is negative"),
        ([1, 2], [1.0, 1.0], "x is .* int64"),
    ],
)
def test_scanpaths_that_make_no_sense_are_refused(x: list, durations: list, message: str):
    with pytest.raises(ValueError, match=message):
        Scanpath(np.array(x), np.ones(2), np.array(durations))


def test_real_fixations_on_central_squares(data_folder: Path):
    fixations = load_osie(data_folder / "fixations" / "osie60")
    cropped = fixations.centre_cropped(96)
    (path, *_), size = fixations.scanpaths[0], fixations.sizes[0]
    kept = (path.x >= 100) & (path.x < 700)
    assert size == (800, 600)
    assert np.allclose(cropped.scanpaths[0][0].x, (path.x[kept] - 100) * 0.16)
    assert np.allclose(cropped.scanpaths[0][0].y, path.y[kept] * 0.16)
