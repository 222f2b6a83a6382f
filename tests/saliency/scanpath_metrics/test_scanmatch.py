import math
from functools import cache

import numpy as np
import pytest
from saccadeworld.saliency.fixations import Scanpath
from saccadeworld.saliency.scanpath_metrics import ScanMatch

SIZE = (120, 80)  # whose cells have 10 x 10 pixels


def scanpath(*cells: tuple[int, int], durations: tuple[float, ...] | None = None) -> Scanpath:
    """Through the middle of cells (row, column)."""
    rows, cols = np.array(cells, dtype=np.float64).reshape(-1, 2).T * 10 + 5
    return Scanpath(cols, rows, np.array(durations or (0.0,) * len(rows), dtype=np.float64))


def slow_score(match: ScanMatch, first: Scanpath, second: Scanpath) -> float:
    """Every alignment there is, by recursion from the definition."""

    def sequence(path: Scanpath) -> list[tuple[int, int]]:
        visited = []
        for x, y, duration in zip(path.x, path.y, path.durations, strict=True):
            repeats = 1 if match.bin_ms is None else max(1, math.floor(duration / match.bin_ms + 0.5))
            cell = (int(y / SIZE[1] * match.rows), int(x / SIZE[0] * match.columns))
            visited += [cell] * repeats
        return visited

    a, b = sequence(first), sequence(second)

    @cache
    def best(i: int, j: int) -> float:
        if i == len(a) or j == len(b):
            return match.gap * (len(a) - i + len(b) - j)
        aligned = match.threshold - math.dist(a[i], b[j]) + best(i + 1, j + 1)
        return max(aligned, match.gap + best(i + 1, j), match.gap + best(i, j + 1))

    return best(0, 0) / (match.threshold * max(len(a), len(b)))


def random_paths(count: int, seed: int) -> list[Scanpath]:
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 9, count)
    return [Scanpath(random.uniform(0, 120, n), random.uniform(0, 80, n), random.uniform(20, 500, n)) for n in lengths]


@pytest.mark.parametrize(
    "match",
    [ScanMatch(), ScanMatch(5, 3, 1.5), ScanMatch(gap=-0.5), ScanMatch(8, 6, 2.0, gap=-2, bin_ms=50)],
    ids=str,
)
def test_scores_equal_those_of_a_recursion(match: ScanMatch):
    first, second = random_paths(40, 0), random_paths(40, 1)
    expected = [slow_score(match, *pair) for pair in zip(first, second, strict=True)]
    assert match(first, second, SIZE) == pytest.approx(expected)


def test_a_score_worked_out_by_hand():
    """Cells 1 and 3 of the first align with both of the second, at distances 1 and 0; the one between gets a gap."""
    first, second = scanpath((0, 0), (7, 11), (4, 4)), scanpath((0, 1), (4, 4))
    assert ScanMatch()([first], [second], SIZE) == pytest.approx([(2.5 + 3.5) / (3 * 3.5)])
    assert ScanMatch(gap=-1)([first], [second], SIZE) == pytest.approx([(2.5 + 3.5 - 1) / (3 * 3.5)])


def test_durations_count_where_time_is_in_bins():
    first, second = (scanpath((0, 0), (4, 4), durations=d) for d in ((100.0, 300.0), (300.0, 100.0)))
    assert ScanMatch()([first], [second], SIZE) == pytest.approx([1])
    assert ScanMatch(bin_ms=100)([first], [second], SIZE) == pytest.approx([2 / 4])  # AAAB against ABBB
    assert ScanMatch(bin_ms=100).sequence(scanpath((1, 2), (3, 4), durations=(20, 250)), SIZE).tolist() == [
        [1, 2],
        [3, 4],
        [3, 4],
        [3, 4],
    ]


def test_a_scanpath_is_like_itself_and_as_like_another_as_that_is_like_it():
    first, second = random_paths(30, 2), random_paths(30, 3)
    match = ScanMatch(bin_ms=50)
    assert match(first, first, SIZE) == pytest.approx(1)
    assert match(first, second, SIZE) == pytest.approx(match(second, first, SIZE))
    assert ((match(first, second, SIZE) >= 0) & (match(first, second, SIZE) < 1)).all()


def test_a_pair_is_scored_the_same_alone_and_among_others():
    first, second = random_paths(30, 2), random_paths(30, 3)
    together = ScanMatch()(first, second, SIZE)
    assert ScanMatch()(first[4:5], second[4:5], SIZE) == pytest.approx(together[4])
    assert len(ScanMatch()([], [], SIZE)) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": 0}, "a grid of 0 columns"),
        ({"rows": 2.5}, "rows=2.5 of a grid is not a whole number"),
        ({"threshold": 0}, "threshold=0 must be positive"),
        ({"gap": 1}, "gap=1 at most 0"),
        ({"bin_ms": 0}, "bin_ms=0 must be positive"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, message: str):
    with pytest.raises((TypeError, ValueError), match=message):
        ScanMatch(**options)


def test_scanpaths_that_cannot_be_compared_are_refused():
    some = scanpath((1, 1))
    with pytest.raises(ValueError, match="2 scanpaths cannot be compared with 1"):
        ScanMatch()([some, some], [some], SIZE)
    for other in (scanpath(), scanpath((9, 0))):
        with pytest.raises(ValueError, match="is empty or leaves its picture"):
            ScanMatch()([some], [other], SIZE)
