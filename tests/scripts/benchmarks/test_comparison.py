from saccadeworld.scripts.benchmarks.comparison import compare
from saccadeworld.scripts.benchmarks.figures import Figure

EARLIER = {"steps/value": 100.0, "steps/spread": 0.02, "memory/value": 10.0, "memory/spread": 0.0, "share/value": 5.0}
EARLIER |= {"views/value": 100.0, "views/ratio": 0.5, "views/spread": 0.1}


def verdict(figure: Figure) -> str:
    ((name, *_, verdict),) = compare([figure], EARLIER)
    assert name == figure.name
    return verdict


def test_a_rate_is_worse_when_it_falls_and_a_size_when_it_grows():
    assert verdict(Figure("steps", 80.0, "steps/s", 0.02)) == "worse"
    assert verdict(Figure("steps", 120.0, "steps/s", 0.02)) == "better"
    assert verdict(Figure("memory", 12.0, "bytes", 0.0)) == "worse"
    assert verdict(Figure("memory", 8.0, "bytes", 0.0)) == "better"
    assert verdict(Figure("share", 6.0, "%")) == "worse"


def test_changes_within_the_noise_are_none():
    assert verdict(Figure("steps", 93.0, "steps/s", 0.02)) == "", "both spreads together make 8 percent"
    assert verdict(Figure("steps", 91.0, "steps/s", 0.02)) == "worse"
    assert verdict(Figure("memory", 10.4, "bytes", 0.0)) == "", "less than 5 percent"


def test_a_fall_counts_like_the_rise_back():
    """However noisy the runs were: no fall is by more than 100 percent, but one to a third is a rise by 200."""
    assert verdict(Figure("steps", 30.0, "steps/s", 0.9)) == "worse"
    assert verdict(Figure("steps", 300.0, "steps/s", 0.9)) == "better"
    assert verdict(Figure("steps", 40.0, "steps/s", 0.9)) == ""
    assert verdict(Figure("steps", 0.0, "steps/s", 0.9)) == "worse"


def test_ratios_count_where_both_have_them():
    assert verdict(Figure("views", 10.0, "views/s", 0.1, "bare", 20.0, ratio=0.5)) == "", "the machine was slower"
    assert verdict(Figure("views", 100.0, "views/s", 0.1, "bare", 400.0, ratio=0.25)) == "worse"


def test_figures_that_are_new_are_left_out():
    assert list(compare([Figure("new", 1.0, "s")], EARLIER)) == []
