from statistics import mean, stdev

from saccadeworld.scripts.score_table import ScoreTable

VALUES = [0.25, 0.75, 1.0]
TABLE = ScoreTable(
    "of", {"nss": "NSS", "kl": "KL"}, {"a": [{"nss": v} for v in VALUES], "b": [{"nss": 2.0, "kl": 1.0}]}, "A note."
)


def test_rows_have_means_and_deviations_where_there_are_scores():
    assert TABLE.rows == [
        ["of", "NSS", "KL"],
        ["a", f"{mean(VALUES):.3f} ± {stdev(VALUES):.3f}", ""],
        ["b", "2.000", "1.000"],
    ]


def test_numbers_have_flat_names():
    assert TABLE.flat == {
        "a/nss": mean(VALUES),
        "a/nss/spread": stdev(VALUES),
        "b/nss": 2.0,
        "b/kl": 1.0,
    }
