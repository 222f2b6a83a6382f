import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.models.combined import WEIGHTS, Combined
from saccadeworld.scripts.fit_saliency import main

TRUE = dict(WEIGHTS, corners=0.8, edges=-0.4, surroundedness=0.5, across=-1.0, down=-1.5, height=0.5)


def textures(count: int, height: int, width: int) -> np.ndarray:
    """Colourful patches and noise of different strength."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (count, height // 8, width // 8, 3)).repeat(8, 1).repeat(8, 2)
    strength = random.integers(0, 60, (count, height // 8, width // 8, 1)).repeat(8, 1).repeat(8, 2)
    return (coarse + strength * random.normal(size=(count, height, width, 3))).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def observed(tmp_path_factory) -> Path:
    """Pictures, and fixations of observers who follow the model with weights of their own."""
    folder, random = tmp_path_factory.mktemp("observed"), np.random.default_rng(1)
    pictures = textures(8, 48, 64)
    maps = Combined(TRUE)(torch.from_numpy(pictures)).double().flatten(1)
    images = {}
    for i, (picture, density) in enumerate(zip(pictures, maps, strict=True)):
        Image.fromarray(picture).save(folder / f"{i}.png")
        pixels = random.choice(48 * 64, size=(2, 1500), p=(density / density.sum()).numpy())
        images[f"{i}.png"] = [
            {"x": (path % 64 + 0.5).tolist(), "y": (path // 64 + 0.5).tolist(), "dur_ms": [200] * 1500}
            for path in pixels
        ]
    content = {"image_size_wh": [64, 48], "n_subjects": 2, "images": images}
    (folder / "fixations.json").write_text(json.dumps(content))
    return folder


def run(monkeypatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["fit_saliency", *map(str, arguments)])
    main()


def test_it_finds_the_weights_that_observers_have(observed: Path, tmp_path: Path, monkeypatch, capsys):
    files = ("--images", observed, "--fixations", observed / "fixations.json")
    run(monkeypatch, *files, "--folds", "2", "--out", tmp_path / "out")
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    for name, weight in TRUE.items():
        assert content["weights"][name] == pytest.approx(weight, abs=0.12), name
    metrics = content["metrics"]
    assert metrics["all/bits"] > metrics["without corners/bits"] + 0.1
    assert metrics["all/nss"] > metrics["corners alone/nss"] > metrics["places alone/nss"] > 0
    printed = capsys.readouterr().out
    assert f"all {metrics['all/nss']:>28.3f} ± {metrics['all/nss_std']:.3f}" in printed
    assert f"corners          {content['weights']['corners']:+.3f}" in printed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--folds", "1"), "--folds 1: give 2 to 8"),
        (("--folds", "9"), "--folds 9: give 2 to 8"),
        (("--images", "elsewhere"), "no picture elsewhere/0.png"),
        (("--fixations", "nothing.json"), "no file nothing.json"),
    ],
)
def test_what_cannot_be_fitted_is_refused(observed: Path, monkeypatch, capsys, options: tuple[str, str], says: str):
    given = {"--images": observed, "--fixations": observed, "--folds": "2"} | {options[0]: options[1]}
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *(word for pair in given.items() for word in pair))
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


def test_pictures_of_another_size_than_their_fixations_are_refused(observed: Path, tmp_path: Path, monkeypatch, capsys):
    for file in observed.glob("*.png"):
        Image.open(file).resize((32, 24)).save(tmp_path / file.name)
    with pytest.raises(SystemExit):
        run(monkeypatch, "--images", tmp_path, "--fixations", observed, "--folds", "2")
    assert ".png has 32 x 24 pixels, its fixations 64 x 48" in capsys.readouterr().err


@pytest.mark.slow
def test_the_shipped_weights_and_figures_are_what_it_finds(data_folder: Path, tmp_path: Path, monkeypatch):
    folder = data_folder / "fixations" / "osie60"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    run(monkeypatch, "--images", folder / "stimuli", "--fixations", folder, "--out", tmp_path / "out")
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    for name, weight in WEIGHTS.items():
        assert content["weights"][name] == pytest.approx(weight, abs=0.01), name
    metrics = content["metrics"]
    assert metrics["all/nss"] == pytest.approx(2.13, abs=0.02)
    assert metrics["all/bits"] == pytest.approx(1.00, abs=0.02)
    assert metrics["without corners/bits"] == pytest.approx(0.71, abs=0.02)
