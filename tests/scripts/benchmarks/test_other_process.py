import os
import sys
from collections.abc import Callable

import pytest
import torch
from saccadeworld.scripts.benchmarks.other_process import OtherProcess


def note(path: str, last: bool = False) -> Callable[[], None]:
    """Runs in the other process: writes down who it is at each call, and how many threads it has."""

    def write() -> None:
        with open(path, "a") as stream:
            print(os.getpid(), torch.get_num_threads(), file=stream)
        if last:
            sys.exit(7)

    return write


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch):
    """What a new process imports by the name of its module has to be found there."""
    monkeypatch.setitem(sys.modules, "test_other_process", sys.modules[__name__])
    monkeypatch.setattr(note, "__module__", "test_other_process")
    monkeypatch.syspath_prepend(os.path.dirname(__file__))


def test_every_call_is_over_when_it_returns_and_was_made_elsewhere(tmp_path):
    with OtherProcess(note, str(tmp_path / "notes")) as call:
        call()
        once = (tmp_path / "notes").read_text().split("\n")
        call()
    first, second = (line.split() for line in (tmp_path / "notes").read_text().splitlines())
    assert first == second == once[0].split()
    assert first[0] != str(os.getpid())
    assert int(first[1]) == torch.get_num_threads()
    assert not os.path.exists(f"/proc/{first[0]}"), "it ends with what asked for it"


def test_a_process_that_ends_is_told(tmp_path):
    with OtherProcess(note, str(tmp_path / "notes"), True) as call, pytest.raises(RuntimeError, match="ended with 7"):
        call()
