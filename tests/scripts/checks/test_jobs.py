import pytest
from saccadeworld.scripts.checks.jobs import examine_work
from saccadeworld.seqjepa.training import Trainer


def test_both_worlds_work_on_the_cpu():
    found = {finding.about: finding.state for finding in examine_work("cpu")}
    assert found == {"images on cpu": "ok", "objects on cpu": "ok"}


def test_training_that_does_nothing_is_broken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Trainer, "run", lambda self: None)
    assert [(finding.state, finding.text) for finding in examine_work("cpu")] == [
        ("broken", "ValueError: a step of training changed no weight")
    ] * 2


def test_a_device_that_is_not_there_is_broken():
    assert [finding.state for finding in examine_work("cuda:63")] == ["broken"] * 2
