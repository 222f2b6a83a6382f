import io
import json
import sys
import time

import pytest
from saccadeworld.envs import progress as progress_module
from saccadeworld.envs.progress import VARIABLE, progress, tell
from saccadeworld.envs.sources.scenes import make_scenes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def lines(monkeypatch, capsys):
    """What has been told as JSON lines since it was asked for last."""
    monkeypatch.setenv(VARIABLE, "json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_terminal_has_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert terminal.getvalue().rstrip().split("\r")[-1].startswith("counting: 100%")


def test_anything_else_has_nothing(capsys):
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_lines_tell_the_beginning_and_the_end(lines):
    assert sum(progress(range(1000), "adding", unit=" numbers")) == 499_500
    first, last = lines()
    assert (first["done"], first["total"], first["activity"]) == (0, 1000, "adding")
    assert (last["done"], last["total"], last["unit"]) == (1000, 1000, "numbers")
    assert last["seconds"] >= first["seconds"]


def test_lines_are_seconds_apart(lines, monkeypatch):
    monkeypatch.setattr(progress_module, "_SECONDS", 0.05)
    began = time.monotonic()
    with progress(activity="waiting", total=30) as bar:
        for step in range(30):
            time.sleep(0.01)
            bar.set_postfix_str(f"loss {step}")
            bar.update()
    told = lines()
    assert 3 <= len(told) <= 3 + (time.monotonic() - began) / 0.05
    assert told[-1]["done"] == 30
    assert all(line["note"].startswith("loss") for line in told[1:])


def test_lines_of_a_share(lines):
    with progress(activity="training", total=1.0, initial=0.25) as bar:
        bar.update(0.5)
    assert [(line["done"], line["total"]) for line in lines()] == [(0.25, 1.0), (0.75, 1.0)]


def test_what_is_quick_is_not_told_where_a_delay_is_asked_for(lines):
    list(progress(range(3), "quick", delay=2))
    assert lines() == []


def test_warnings_and_errors_are_told_the_same_way(lines, capsys, monkeypatch):
    tell("warning", "mind the step")
    tell("error", "broken")
    assert lines() == [{"warning": "mind the step"}, {"error": "broken"}]
    monkeypatch.delenv(VARIABLE)
    tell("warning", "mind the step")
    tell("error", "broken")
    assert capsys.readouterr().err == "saccadeworld: warning: mind the step\nsaccadeworld: broken\n"


def test_an_unknown_way_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, "jsonl")
    with pytest.raises(ValueError, match=r"SACCADEWORLD_PROGRESS='jsonl' is not known; use one of 'bar', 'json'"):
        progress(range(3))


def test_scenes_tell_how_many_there_are(lines, monkeypatch):
    at_once = lambda activity, total, delay: progress(activity=activity, total=total)  # noqa: E731
    monkeypatch.setattr("saccadeworld.envs.sources.scenes.progress", at_once)
    make_scenes("train", 40, 32)
    assert [(line["done"], line["total"]) for line in lines()] == [(0, 40), (40, 40)]
