import math

import numpy as np
import pytest
import torch
from saccadeworld.saliency.inhibition import INHIBITIONS, GaussianInhibition, NoInhibition, make_inhibition


def left_around(name: str, reach: int, age: int = 1, **options: float) -> np.ndarray:
    line = torch.arange(-reach, reach + 1)
    return make_inhibition(name, **options).leaves(line[:, None], line, age).numpy()


def test_the_released_square_has_33_pixels_a_side():
    left = left_around("square", 20, radius=16)
    expected = np.ones((41, 41), dtype=bool)
    expected[20 - 16 : 20 + 16 + 1, 20 - 16 : 20 + 16 + 1] = False
    assert np.array_equal(left, expected)
    assert INHIBITIONS["square"].floor == 1e-16


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2.3, 5])
def test_discs_hold_what_is_no_farther_than_the_radius(radius: float):
    left = left_around("disc", 7, radius=radius)
    for row in range(-7, 8):
        for col in range(-7, 8):
            assert left[row + 7, col + 7] == (math.dist((row, col), (0, 0)) > radius)


@pytest.mark.parametrize("age", [1, 2, 4])
def test_gaussians_fade_with_distance_and_age(age: int):
    left = left_around("gaussian", 7, age, sigma=2.5, decay=0.6)
    for row in range(-7, 8):
        for col in range(-7, 8):
            expected = 1 - math.exp(-(row**2 + col**2) / (2 * 2.5**2)) * 0.6 ** (age - 1)
            assert left[row + 7, col + 7] == pytest.approx(expected, abs=1e-12)


def test_off_leaves_everything():
    assert left_around("off", 3).all()
    assert make_inhibition("off") == NoInhibition()


def test_gaussians_without_decay_stay_and_with_all_of_it_vanish():
    assert np.array_equal(left_around("gaussian", 3, 5, sigma=1, decay=1), left_around("gaussian", 3, 1, sigma=1))
    assert (left_around("gaussian", 3, 2, sigma=1, decay=0) == 1).all()


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("round", {}, ValueError, "inhibition='round' is not known; use one of 'square', 'disc', 'gaussian', 'off'"),
        ("square", {"radius": -1}, ValueError, "radius=-1 of inhibition is negative"),
        ("disc", {"radius": math.inf}, ValueError, "radius=inf of inhibition"),
        ("gaussian", {"sigma": 0}, ValueError, "sigma=0 of inhibition"),
        ("gaussian", {"sigma": 1, "decay": 1.5}, ValueError, "decay=1.5 of inhibition is out of range"),
        ("disc", {"sigma": 1}, TypeError, "sigma"),
        ("disc", {"radius": "3"}, TypeError, "radius='3' of inhibition is not a number"),
        ("square", {"radius": 1.5}, TypeError, "radius=1.5 of inhibition by a square is not a whole number of pixels"),
        ("gaussian", {"sigma": 1, "decay": True}, TypeError, "decay=True of inhibition is not a number"),
        (["disc"], {"radius": 3}, ValueError, "is not known; use one of 'square'"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict, error: type, message: str):
    with pytest.raises(error, match=message):
        make_inhibition(name, **options)


def test_inhibition_is_compared_by_value():
    assert GaussianInhibition(3) == make_inhibition("gaussian", sigma=3)
