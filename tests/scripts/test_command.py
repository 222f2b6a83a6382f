import os
import runpy
import sys
import warnings
from dataclasses import dataclass

import pytest
from saccadeworld.scripts.command import run
from saccadeworld.seqjepa.training import DivergedError


@dataclass
class Failing:
    error: BaseException

    def run(self) -> None:
        warnings.warn("careful", stacklevel=1)
        raise self.error


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), TypeError("bad"), FileNotFoundError("bad"), PermissionError("bad"), DivergedError("bad")],
)
def test_errors_of_the_users_are_one_line(capsys, error):
    with pytest.raises(SystemExit) as stop:
        run(Failing(error))
    assert stop.value.code == 2
    assert capsys.readouterr() == ("", "saccadeworld: warning: careful\nsaccadeworld: bad\n")


def test_errors_of_the_programs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), warnings.catch_warnings(record=True):
        run(Failing(ZeroDivisionError()))


def test_ctrl_c_is_no_error(capsys):
    with pytest.raises(SystemExit) as stop:
        run(Failing(KeyboardInterrupt()))
    assert stop.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


HELP = {
    "demo": ("--minutes FLOAT", "wall-clock budget of the whole demo", "report.html"),
    "train": ("--training.learning-rate FLOAT", "peak of the schedule", "--resume"),
    "environments": ("List the environments by id", "limit of actions", "what the task is about"),
    "evaluate": ("--evaluation.repeats INT", "the spread of the scores is over these", "untrained twin"),
}


@pytest.mark.parametrize("name", HELP)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
def test_each_command_explains_itself_as_a_module(monkeypatch, capsys, name):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module(f"saccadeworld.scripts.{name}", run_name="__main__", alter_sys=True)
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: saccadeworld {name}" in text
    for words in HELP[name]:
        assert words in " ".join(text.replace("│", " ").split()), words


def test_the_command_lists_its_subcommands(saccadeworld):
    result = saccadeworld("--help")
    assert result.code == 0
    assert all(name in result.out for name in HELP)


@pytest.mark.parametrize(
    "words", ["train --out x --speed 3", "fly", "train", "train --out x --world.options fovea", ""]
)
def test_unknown_words_are_refused(saccadeworld, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    result = saccadeworld(words)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert os.listdir(tmp_path) == []


def test_impossible_settings_are_refused_with_the_reason(saccadeworld, tmp_path):
    result = saccadeworld("train --out", tmp_path / "x", "--training.minutes 5")
    assert result.code == 2
    text = " ".join(result.err.replace("│", " ").split())
    assert "the budget is in steps or in minutes, and the other is None: got steps=10000, minutes=5.0" in text
