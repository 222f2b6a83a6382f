from pathlib import Path

import numpy as np
import pytest
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.saliency.osie import load_osie
from saccadeworld.saliency.scanpath_metrics import ScanMatch, between_observers, between_pictures
from scipy import stats


def fixation(x: float, y: float = 1) -> Scanpath:
    return Scanpath(np.array([x], dtype=np.float64), np.array([y], dtype=np.float64), np.ones(1))


@pytest.fixture
def fixations() -> Fixations:
    """Observer k of picture p fixates column 10 p + k, of pictures of 40 and of 80 columns."""
    paths = tuple(tuple(fixation((10 * p + k) * (1 + p)) for k in range(3)) for p in range(2))
    return Fixations(("a", "b"), ((40, 20), (80, 20)), paths)


def columns(first: list[Scanpath], second: list[Scanpath], size: tuple[int, int]) -> np.ndarray:
    """A number that says which columns were compared."""
    return np.array([100 * a.x[0] + b.x[0] for a, b in zip(first, second, strict=True)])


def test_observers_are_compared_in_pairs(fixations: Fixations):
    assert [scores.tolist() for scores in between_observers(fixations, columns)] == [[1, 2, 102], [2022, 2024, 2224]]


def test_other_pictures_are_stretched_and_their_observers_others(fixations: Fixations):
    scores = [scores.tolist() for scores in between_pictures(fixations, columns)]
    assert scores == [[11, 12, 112], [2002, 2004, 2204]]


def test_another_picture_is_never_the_same_and_depends_on_the_seed(fixations: Fixations):
    many = Fixations(tuple("abcdefgh"), ((40, 20),) * 8, tuple((fixation(p), fixation(p)) for p in range(8)))
    chosen = [np.concatenate(between_pictures(many, columns, seed)) % 100 for seed in range(40)]
    assert not any((other == np.arange(8)).any() for other in chosen)
    assert len(set(map(tuple, chosen))) == 40
    with pytest.raises(ValueError, match="another picture takes two at least"):
        between_pictures(fixations.select(["a"]), columns)


def test_observers_without_fixations_are_left_out(fixations: Fixations):
    empty = Scanpath(*np.empty((3, 0)))
    paths = ((fixation(1), empty, fixation(3)),)
    assert between_observers(Fixations(("a",), ((40, 20),), paths), columns)[0].tolist() == [103]


@pytest.mark.parametrize("bin_ms", [None, 50])
def test_people_look_more_alike_on_the_same_picture(data_folder: Path, bin_ms: float | None):
    fixations = load_osie(data_folder / "fixations" / "osie60")
    match = ScanMatch(bin_ms=bin_ms)
    levels = (between_observers(fixations, match), between_pictures(fixations, match))
    ceiling, floor = (np.array([scores.mean() for scores in level]) for level in levels)
    assert stats.ttest_rel(ceiling, floor).pvalue < 1e-20
    assert 0.1 < (ceiling - floor).mean() < 0.3
