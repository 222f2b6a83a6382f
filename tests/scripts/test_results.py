import json
import math
import os

import pytest
from saccadeworld.scripts.results import prepare_folder, write_atomically, write_metrics


def test_checking_a_folder_leaves_nothing_behind(tmp_path):
    assert prepare_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert prepare_folder(tmp_path) == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_checking_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically(prepare_folder(tmp_path / "x").relative_to(tmp_path) / "y.txt", "z")
    assert (tmp_path / "x" / "y.txt").read_text() == "z"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file.txt"
    write_atomically(path, "old")

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_metrics_carry_seed_configuration_and_versions(tmp_path):
    write_metrics(tmp_path, {"a/b": 0.5}, 7, {"out": tmp_path}, data={"train": "sha256:1"}, more=[1])
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["metrics"] == {"a/b": 0.5}
    assert (content["seed"], content["config"], content["more"]) == (7, {"out": str(tmp_path)}, [1])
    assert content["data"] == {"train": "sha256:1"}
    assert {"python", "saccadeworld", "torch"} <= content["versions"].keys()


def test_metrics_are_numbers(tmp_path):
    with pytest.raises(ValueError, match="nan"):
        write_metrics(tmp_path, {"loss": math.nan}, 0, {})
    assert list(tmp_path.iterdir()) == []
