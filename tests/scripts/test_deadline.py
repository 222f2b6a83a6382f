import io
import sys
import time

import pytest
from saccadeworld.scripts.deadline import Deadline


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_what_is_done_and_the_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Deadline(125) as deadline:
        deadline.show("training")
    last = terminal.getvalue().rstrip().split("\r")[-1]
    assert last.startswith("training")
    assert "2:05 left" in last


def test_anything_else_is_told_nothing(capsys):
    with Deadline(1) as deadline:
        deadline.show("training")
    assert capsys.readouterr() == ("", "")


def test_an_overdrawn_budget_has_no_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Deadline(0.01) as deadline:
        time.sleep(0.02)
        assert deadline.left < 0
        deadline.show("late")
    assert "100% " in terminal.getvalue()
    assert "0:00 left" in terminal.getvalue()


def test_training_tells_the_time_left(monkeypatch, saccadeworld, tmp_path):
    """The bar of `saccadeworld train`, which knows its share of the budget."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    options = "--world.options count 4 size 32 fovea 8 --model.encoder small --model.encoder-width 4 --model.layers 1"
    budget = "--training.minutes 0.02 --training.steps None --training.batch-size 4 --training.log-every 1"
    assert saccadeworld("train --out", tmp_path, options, budget).code == 0
    lines = [line for line in terminal.getvalue().split("\r") if "loss" in line]
    assert lines[-1].startswith("step ")
    assert "100% " in lines[-1]
    assert any("< 00:0" in line for line in lines)
    shares = [int(line.split("%")[0].split()[-1]) for line in lines]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(100)
