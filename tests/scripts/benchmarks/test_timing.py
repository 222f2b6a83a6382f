from itertools import count

import pytest
import torch
from saccadeworld.scripts.benchmarks.timing import Times, clock_of, side_by_side


class Clock:
    """Tells the time that calls say they have taken."""

    def __init__(self):
        self.now = 0.0

    def call(self, *seconds: float):
        turns = count()

        def take() -> None:
            self.now += seconds[min(next(turns), len(seconds) - 1)]

        return take

    def __call__(self) -> float:
        return self.now


def test_calls_are_timed_by_turns_after_two_that_do_not_count():
    clock = Clock()
    times = side_by_side({"slow": clock.call(9, 8, 4, 6, 5), "fast": clock.call(9, 8, 1, 3, 2)}, 3, 1e-9, clock)
    assert times["slow"].seconds == (4, 6, 5)
    assert times["fast"].seconds == (1, 3, 2)
    assert times["slow"].middle == 5


def test_short_calls_are_repeated_until_a_run_is_long_enough():
    clock = Clock()
    side_by_side({"call": clock.call(0.25)}, 2, 1.0, clock)
    assert clock() == pytest.approx(0.25 * (2 + 2 * 4))


def test_ratios_are_taken_within_a_run():
    """A machine that slows down to a tenth in the midst of it does not change them."""
    ours, theirs = Times((1.0, 1.0, 10.0)), Times((2.0, 2.0, 20.0))
    assert ours.ratio(theirs) == 2.0


def test_the_spread_is_half_the_distance_of_the_quartiles():
    assert Times((1.0, 2.0, 3.0, 4.0, 5.0)).spread == pytest.approx(1 / 3)
    assert Times((2.0,)).spread == 0.0


def test_the_clock_of_a_gpu_waits_for_what_it_was_given(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    clock_of(torch.device("cpu"))()
    assert not waited
    device = torch.device("cuda:1")
    before, after = (clock_of(device)() for _ in range(2))
    assert before <= after
    assert waited == [device, device]
