import math

import numpy as np
import pytest
from saccadeworld.saliency.fixations import Scanpath
from saccadeworld.saliency.scanpath_metrics import amplitudes, directions, jensen_shannon, turning_angles
from scipy.spatial import distance

QUARTER = math.pi / 2


def scanpath(*points: tuple[float, float]) -> Scanpath:
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return Scanpath(x, y, np.zeros(len(x)))


def test_a_walk_around_a_rectangle():
    walk = scanpath((0, 0), (3, 0), (3, 4), (0, 4), (0, 0))  # rightwards first, clockwise as it is seen
    assert amplitudes([walk]).tolist() == [3, 4, 3, 4]
    assert directions([walk]).tolist() == pytest.approx([0, -QUARTER, math.pi, QUARTER])
    assert turning_angles([walk]).tolist() == pytest.approx([-QUARTER] * 3)


def test_the_other_way_round_the_turns_are_to_the_left():
    walk = scanpath((0, 0), (0, 4), (3, 4), (3, 0), (0, 0))
    assert directions([walk]).tolist() == pytest.approx([-QUARTER, 0, QUARTER, math.pi])
    assert turning_angles([walk]).tolist() == pytest.approx([QUARTER] * 3)


def test_the_way_back_is_pi_and_straight_on_is_nothing():
    assert turning_angles([scanpath((0, 0), (1, 1), (0, 0), (1, 1))]).tolist() == pytest.approx([math.pi] * 2)
    assert turning_angles([scanpath((0, 0), (1, -2), (2, -4))]).tolist() == pytest.approx([0])


def test_angles_of_random_walks_are_those_of_complex_numbers():
    points = np.random.default_rng(0).normal(size=(50, 2))
    steps = np.diff(points[:, 0] - 1j * points[:, 1])
    assert directions([scanpath(*points)]) == pytest.approx(np.angle(steps))
    assert turning_angles([scanpath(*points)]) == pytest.approx(np.angle(steps[1:] / steps[:-1]))


def test_saccades_that_go_nowhere_have_no_direction():
    walk = scanpath((0, 0), (1, 0), (1, 0), (1, -1))
    assert amplitudes([walk]).tolist() == [1, 0, 1]
    assert directions([walk]).tolist() == pytest.approx([0, QUARTER])
    assert turning_angles([walk]).tolist() == pytest.approx([QUARTER])


def test_scanpaths_are_pooled_but_not_joined():
    paths = [scanpath((0, 0), (3, 4)), scanpath(), scanpath((9, 9)), scanpath((0, 0), (1, 0), (2, 0))]
    assert amplitudes(paths).tolist() == [5, 1, 1]
    assert len(directions(paths)) == 3
    assert turning_angles(paths).tolist() == [0]
    assert len(amplitudes([])) == 0


def test_the_divergence_equals_scipys():
    random = np.random.default_rng(1)
    edges = np.linspace(0, 10, 12)
    for first, second in [(random.uniform(0, 10, 300), random.beta(2, 5, 200) * 10) for _ in range(3)]:
        p, q = (np.histogram(sample, edges)[0] for sample in (first, second))
        assert jensen_shannon(first, second, edges) == pytest.approx(distance.jensenshannon(p, q, base=2) ** 2)


def test_the_divergence_of_equal_and_of_disjoint_samples():
    low, high = np.array([0.1, 0.4, 0.9]), np.array([1.2, 1.7])
    assert jensen_shannon(low, low, np.array([0.0, 0.5, 1.0])) == 0
    assert jensen_shannon(low, high, np.array([0.0, 0.5, 1.0, 1.5, 2.0])) == pytest.approx(1)


def test_samples_that_cannot_be_counted_are_refused():
    edges = np.array([0.0, 1.0])
    with pytest.raises(ValueError, match=r"a sample is from 0.5 to 1.5; it must have values, all within the bins, 0.0"):
        jensen_shannon(np.array([0.5]), np.array([0.5, 1.5]), edges)
    with pytest.raises(ValueError, match="a sample is empty"):
        jensen_shannon(np.array([]), np.array([0.5]), edges)
