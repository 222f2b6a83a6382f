from statistics import stdev

import pytest
from saccadeworld.scripts.scores import HEADER, as_metrics, format_table, table, with_spread

TRAINED = {
    "class/majority": [0.25, 0.25],
    "class/z": [0.5, 0.7],
    "class/aggregate/1": [0.6, 0.6],
    "class/aggregate/5": [0.9, 0.8],
    "action/relative": [0.55, 0.45],
    "action/first_pose": [0.31, 0.29],
    "action/individual": [0.4, 0.4],
}
UNTRAINED = {name: [value / 2 for value in values] for name, values in TRAINED.items()}


def test_every_score_stands_beside_its_null_level():
    rows = {row[0]: row[1:] for row in table("images", TRAINED, UNTRAINED)}
    assert rows["images: class from z, 1 view"] == ("0.600 ± 0.141", "0.300 ± 0.071", "0.250", "majority class")
    assert rows["images: class from the aggregate, 1 view"][0] == "0.600 ± 0.000"
    assert rows["images: class from the aggregate, 5 views"][0] == "0.850 ± 0.071"
    assert rows["images: R2 of the action between 2 views"][2:] == ("0.300", "first pose alone")
    assert rows["images: R2 of a view's own pose"][2:] == ("0.000", "mean pose")
    assert len(rows) == 5


def test_columns_are_aligned():
    lines = format_table([HEADER, *table("images", TRAINED, UNTRAINED)]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len({line.index(word) for line, word in zip(lines[1:3], ("0.600", "0.600"), strict=True)}) == 1


def test_metrics_are_means_with_their_spread():
    metrics = as_metrics("images", "trained", TRAINED)
    assert metrics["images/trained/class/z"] == pytest.approx(0.6)
    assert metrics["images/trained/class/z/spread"] == pytest.approx(stdev([0.5, 0.7]))
    assert len(metrics) == 2 * len(TRAINED)


def test_a_single_repeat_has_no_spread():
    assert with_spread([0.3]) == "0.300"
    assert with_spread([2.0, 4.0], digits=1) == f"3.0 ± {2**0.5:.1f}"
    single = {name: values[:1] for name, values in TRAINED.items()}
    assert "±" not in format_table(table("images", single, single))
    assert as_metrics("x", "y", {"z": [0.3]}) == {"x/y/z": 0.3}
