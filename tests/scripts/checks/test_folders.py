import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from saccadeworld.scripts.checks.finding import Finding
from saccadeworld.scripts.checks.folders import examine_folders


def found() -> dict[str, Finding]:
    return {finding.about: finding for finding in examine_folders()}


def test_folders_are_tried_and_left_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WARP_CACHE_PATH", str(tmp_path / "kernels"))
    findings = found()
    assert findings["results"].state == findings["compiled kernels"].state == "ok"
    assert findings["results"].text.startswith(f"{tmp_path / 'runs'}, ")
    assert findings["compiled kernels"].text.startswith(f"{tmp_path / 'kernels'}, ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file" / "torch"))
    finding = found()["fetched weights"]
    assert finding.state == "broken"
    assert "NotADirectoryError" in finding.text
    assert finding.remedy == "set TORCH_HOME"


def test_little_room_is_a_warning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2e8))
    finding = found()["temporary files"]
    assert finding.state == "warning"
    assert finding.text.endswith("0.2 GB free")
    assert finding.remedy == "make room, or set TMPDIR"
