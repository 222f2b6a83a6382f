import json

import pytest
from saccadeworld.saliency.inhibition import INHIBITIONS
from saccadeworld.saliency.models import SALIENCY_MODELS
from saccadeworld.scripts.benchmarks import agents, environments, scanpaths


@pytest.fixture
def few(monkeypatch):
    """The same benchmark with few rows and pictures."""
    for name, value in (("PICTURES", 4), ("LARGE_BANK", 8), ("ROWS", 8), ("OBJECTS", 2), ("OBJECT_ROWS", 4)):
        monkeypatch.setattr(environments, name, value)
    monkeypatch.setattr(environments, "MANY_ROWS", 16)
    monkeypatch.setattr(environments, "FEW_ROWS", 4)
    monkeypatch.setattr(environments, "_peak_in_own_process", lambda name, rows: 1e6 + 2000.0 * rows)


@pytest.mark.usefixtures("few")
def test_figures_stand_beside_their_limits(saccadeworld, tmp_path):
    result = saccadeworld("benchmark env --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    table = (tmp_path / "benchmark.md").read_text()
    for name in ("images: vector steps", "objects: vector steps, lights and shadow"):
        assert metrics[f"{name}/value"] > 0
        assert metrics[f"{name}/limit"] > 0
        assert metrics[f"{name}/ratio"] > 0
        assert f"| {name} |" in table
    assert metrics["images: memory of a further row/value"] == pytest.approx(2000.0)
    glimpse, fixation, step = 3 * 32 * 32, 2 * 4, 8
    assert metrics["images: memory of a further row/limit"] == glimpse + fixation + step


def test_stages_of_scanpaths_stand_beside_the_whole(saccadeworld, tmp_path, monkeypatch):
    for name, value in (("PICTURES", 4), ("ROWS", (3, 6)), ("RELEASED_ROWS", 2), ("MODEL_PICTURES", 2)):
        monkeypatch.setattr(scanpaths, name, value)
    result = saccadeworld("benchmark scanpaths --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    for rows in (3, 6):
        stages = ["random bits", "crop", *(f"fixations, inhibition {name}" for name in INHIBITIONS), "whole rollout"]
        for stage in stages:
            assert all(metrics[f"{rows} rows: {stage}/{key}"] > 0 for key in ("value", "limit", "ratio"))
    built_in = SALIENCY_MODELS.keys() - {"deepgaze"}
    assert all(metrics[f"saliency maps of 96x96: {name}/value"] > 0 for name in built_in)
    assert "| at least 100, hoping for 300 |" in (tmp_path / "benchmark.md").read_text()


def test_agents_stand_beside_stable_baselines3_alone(saccadeworld, tmp_path, monkeypatch):
    for name, value in (("ROWS", 4), ("STEPS", 4), ("MEMORIES", (2,))):
        monkeypatch.setattr(agents, name, value)
    result = saccadeworld("benchmark agent --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    for what in ("acting", "learning"):
        name = f"4 rows, 2 views remembered: {what}"
        assert 0 < metrics[f"{name}/value"] < metrics[f"{name}/limit"]
        assert 0 < metrics[f"{name}/ratio"] < 1


@pytest.mark.parametrize(
    ("options", "message"), [("--runs 0", "--runs=0 is out of range"), ("--seconds 0", "--seconds 0.0: give more")]
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, options, message):
    result = saccadeworld(f"benchmark env {options} --out", tmp_path / "out")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "out").exists()
