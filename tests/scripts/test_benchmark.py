import json

import pytest
import torch
from saccadeworld.saliency.inhibition import INHIBITIONS
from saccadeworld.saliency.models import SALIENCY_MODELS
from saccadeworld.scripts.benchmarks import agents, environments, rendering, scanpaths, training

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")


@pytest.fixture
def few(monkeypatch):
    """The same benchmark with few rows and pictures."""
    for name, value in (("PICTURES", 4), ("LARGE_BANK", 8), ("ROWS", 8), ("OBJECTS", 2), ("OBJECT_ROWS", 4)):
        monkeypatch.setattr(environments, name, value)
    for name, value in (("STORED_OBJECTS", 2), ("STORED_VIEWS", 5), ("STORED_SIDE", 8), ("SEQUENCES", 3)):
        monkeypatch.setattr(environments, name, value)
    monkeypatch.setattr(environments, "MANY_ROWS", 16)
    monkeypatch.setattr(environments, "FEW_ROWS", 4)
    monkeypatch.setattr(environments, "_peak_in_own_process", lambda name, rows, device: 1e6 + 2000.0 * rows)


@pytest.mark.usefixtures("few")
def test_figures_stand_beside_their_limits(saccadeworld, tmp_path):
    result = saccadeworld("benchmark env --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    table = (tmp_path / "benchmark.md").read_text()
    names = ["images: vector steps, 32x32 from 96x96", "images: vector steps, 84x84 from 224x224"]
    for name in (*names, "objects: vector steps, lights and shadow", "stored-views: sequences of 4, 8x8"):
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


@pytest.fixture
def few_views(monkeypatch):
    """Benchmarks of rendering and training with little to do."""
    for name, value in (("OBJECTS", 2), ("SIDES", (8, 64)), ("ROWS", 4)):
        monkeypatch.setattr(rendering, name, value)
    small = {"ENCODER": "small", "BATCH": 4, "PICTURES": 4, "SMALL_BATCH": 4}
    worlds = {"images": ({"count": 4, "size": 32, "fovea": 8}, "uniform", "at most 10")}
    for name, value in (small | {"WORLDS": worlds}).items():
        monkeypatch.setattr(training, name, value)


@pytest.mark.usefixtures("few_views")
def test_views_of_objects_stand_beside_bare_rays(saccadeworld, tmp_path):
    result = saccadeworld("benchmark render --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    assert metrics["objects: views of 8x8/value"] > metrics["objects: views of 64x64/value"] > 0
    assert metrics["objects: views of 8x8/limit"] > 0


@pytest.mark.usefixtures("few_views")
def test_training_stands_beside_the_released_step(saccadeworld, tmp_path):
    result = saccadeworld("benchmark train --runs 2 --seconds 1e-4 --out", tmp_path)
    assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    title = "small, 4 sequences of 5 views, float32"
    assert metrics[f"{title}: losses after 3 steps/ratio"] == pytest.approx(1, abs=1e-3)
    assert metrics[f"{title}: step/ratio"] > 0
    assert metrics[f"{title}: step, and its encoder/ratio"] < 1, "the encoder is but a part of the step"
    assert 0 < metrics["images: share of the world in a step, encoder small/value"] < 100


@pytest.mark.usefixtures("few_views")
def test_what_became_slower_is_told(saccadeworld, tmp_path):
    assert saccadeworld("benchmark render --runs 2 --seconds 1e-4 --out", tmp_path / "earlier").code == 0
    file = tmp_path / "earlier" / "metrics.json"
    content = json.loads(file.read_text())
    for key in ("objects: views of 8x8/ratio", "objects: views of 8x8/value"):
        content["metrics"][key] *= 1000
    file.write_text(json.dumps(content))
    result = saccadeworld("benchmark render --runs 2 --seconds 1e-4 --compare", file, "--out", tmp_path / "now")
    assert result.code == 0, result.err
    (line,) = (line for line in result.out.splitlines() if line.startswith("objects: views of 8x8") and "ratio" in line)
    assert float(line.split(" x ")[1].split()[0]) < 0.1
    assert line.split()[-1] == "worse"
    assert "| verdict |" in (tmp_path / "now" / "benchmark.md").read_text()


@pytest.mark.parametrize("content", [None, "{", '{"metrics": [1]}', '{"metrics": {"a": "b"}}'])
def test_what_is_no_earlier_benchmark(saccadeworld, tmp_path, content):
    file = tmp_path / "metrics.json"
    if content is not None:
        file.write_text(content)
    result = saccadeworld("benchmark render --compare", file, "--out", tmp_path / "out")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert f"--compare {file}" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--threads 0", "--threads=0 is out of range"),
        ("--runs 0", "--runs=0 is out of range"),
        ("--seconds 0", "--seconds 0.0: give more"),
        ("--device tpu", "device='tpu'"),
        pytest.param("--device cuda", "device='cuda' was asked for", marks=NO_GPU),
    ],
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, options, message):
    result = saccadeworld(f"benchmark env {options} --out", tmp_path / "out")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("what", ["env", "scanpaths", "render", "train", "agent"])
def test_on_a_gpu(saccadeworld, tmp_path, monkeypatch, what):
    for name, value in (("PICTURES", 4), ("ROWS", (3, 6)), ("RELEASED_ROWS", 2), ("MODEL_PICTURES", 2)):
        monkeypatch.setattr(scanpaths, name, value)
    result = saccadeworld(f"benchmark {what} --device cuda --runs 2 --seconds 1e-3 --out", tmp_path)
    assert result.code == 0, result.err
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["device"].startswith("cuda:0: ")
    assert content["peak_memory_mb"] > 0
    assert all(value >= 0 for value in content["metrics"].values())
