import base64
import io
import json
import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.scripts import demo
from saccadeworld.seqjepa import SeqJEPA

COUNT = 20
TRAINING = {"batch_size": 4, "log_every": 1}
EVALUATION = {"train_episodes": 200, "test_episodes": 100, "repeats": 2, "hidden": 8, "epochs": 2}
WORLDS = {"images": {"size": 40, "fovea": 12}, "objects": {"size": 12}}


@pytest.fixture
def quick(monkeypatch):
    """The demo's own recipes on a few small scenes, with training cut short."""
    recipes = {
        name: replace(
            recipe,
            world={**recipe.world, **WORLDS[name]},
            model={**recipe.model, "encoder_width": 4, "predictor_hidden": 16},
            training=replace(recipe.training, **TRAINING),
            evaluation=replace(recipe.evaluation, **EVALUATION),
        )
        for name, recipe in demo.RECIPES.items()
    }
    monkeypatch.setattr(demo, "RECIPES", recipes)
    monkeypatch.setattr(demo, "BUILT_IN_COUNT", {"train": COUNT, "test": COUNT})
    train = demo.Demo._train
    monkeypatch.setattr(demo.Demo, "_train", lambda self, study, seconds, bar: train(self, study, seconds / 100, bar))
    monkeypatch.setattr(demo, "TRAINING_SECONDS", 0.1)
    return recipes


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, path: Path):
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(path.read_text(encoding="utf-8"))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)


def check_results(out: Path, result, command: str) -> dict:
    """The folder's three kinds of results, each by itself and against the table that was printed."""
    assert result.code == 0, result.err
    assert {path.name for path in out.iterdir()} == {"metrics.json", "report.html", "model-images", "model-objects"}
    content = json.loads((out / "metrics.json").read_text())
    metrics = content["metrics"]
    assert all(isinstance(value, float | int) and math.isfinite(value) for value in metrics.values())
    assert content["config"]["out"] == str(out)
    assert content["versions"]["torch"] == torch.__version__
    for name, width in (("images", 2), ("objects", 4)):
        assert metrics[f"{name}/training/steps"] > 0
        assert metrics[f"{name}/trained/action/relative"] != metrics[f"{name}/untrained/action/relative"]
        assert metrics[f"{name}/trained/action/first_pose"] == metrics[f"{name}/untrained/action/first_pose"]
        assert content["recipes"][name]["model"]["action_dim"] == width
        model = SeqJEPA.load(out / f"model-{name}")
        assert model.config.to_dict() == content["recipes"][name]["model"] | {
            key: tuple(content["recipes"][name]["model"][key]) for key in ("mean", "std")
        }
    score = f"{metrics['images/trained/class/z']:.3f} ± {metrics['images/trained/class/z/spread']:.3f}"
    assert score in result.out
    check_page(Page(out / "report.html"), score, command)
    return content


def check_page(page: Page, score: str, command: str) -> None:
    links = [(tag, value) for tag, name, value in page.attributes if name in ("src", "href", "data", "srcset")]
    assert {tag for tag, _ in links} == {"img"}, "nothing else is loaded"
    for _, link in links:
        kind, data = link.split(",")
        assert kind == "data:image/png;base64"
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
        assert min(picture.shape[:2]) > 100
        assert picture.std() > 5, "something is drawn"
    assert len(links) >= 7
    assert score in page.texts["td"]
    assert command in page.texts["pre"]
    assert "url(" not in "".join(page.texts["style"])
    assert "script" not in page.texts


def test_the_demo_leaves_models_numbers_and_a_page(saccadeworld, tmp_path, quick):
    result = saccadeworld("demo --minutes 1 --seed 5 --out", tmp_path / "demo")
    assert result.err == "", "bars are for terminals"
    command = f"saccadeworld demo --minutes 1 --seed 5 --out {tmp_path / 'demo'}"
    content = check_results(tmp_path / "demo", result, command)
    assert content["seed"] == content["recipes"]["images"]["training"]["seed"] == 5
    assert content["recipes"]["images"]["evaluation"]["train_episodes"] == 40, "a fifth of the time, of the episodes"


def test_the_demo_on_ones_own_pictures_and_meshes(saccadeworld, tmp_path, quick, picture_folder):
    pictures = picture_folder("cat/1 cat/2 cat/3 cat/4 dog/1 dog/2 dog/3 dog/4")
    (pictures / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    meshes = tmp_path / "my meshes"
    for name, top in (("low/1", 0.5), ("low/2", 0.6), ("high/1", 2.0), ("high/2", 2.5)):
        path = meshes / f"{name}.off"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 {top}\n3 0 2 1\n3 0 1 3\n3 1 2 3\n3 2 0 3\n")
    arguments = ("--images", pictures, "--meshes", meshes, "--out", tmp_path / "demo")
    result = saccadeworld("demo --minutes 1", *arguments)
    assert all(line.startswith("saccadeworld: warning: ") for line in result.err.splitlines())
    command = f"saccadeworld demo --minutes 1 --images {pictures} --meshes '{meshes}' --out {tmp_path / 'demo'}"
    check_results(tmp_path / "demo", result, command)
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "broken.png" in page, "what could not be used is listed"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--minutes 0.5", "--minutes 0.5: the demo needs at least 1 minute"),
        ("--minutes nan", "--minutes nan"),
        ("--minutes inf", "--minutes inf"),
        ("--seed -1", "seed=-1 is out of range"),
        ("--images nowhere", "--images nowhere: there is no such folder"),
        ("--meshes nowhere", "--meshes nowhere: there is no such folder"),
        ("--device gpu", "device='gpu'"),
    ],
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, quick, options, message):
    result = saccadeworld(f"demo {options} --out", tmp_path / "demo")
    assert result.code == 2
    assert result.err.startswith("saccadeworld: ")
    assert result.err.count("\n") == 1
    assert message in result.err
    assert not (tmp_path / "demo").exists()


def test_too_little_time_is_told_before_training(saccadeworld, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(demo, "TRAINING_SECONDS", 100.0)
    result = saccadeworld("demo --minutes 1 --out", tmp_path / "demo")
    assert (result.code, result.err.count("\n")) == (2, 1)
    told = r"making the worlds took (\d+) seconds here .* evaluations (\d+), .* give --minutes (\d+) at least"
    found = re.search(told, result.err)
    assert found is not None
    preparing, evaluating, minutes = map(int, found.groups())
    assert preparing + evaluating > 0
    assert 60 * minutes > preparing + 2 * evaluating + 100 / 0.35, "the lesser share of the time for training is 35 %"
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    ("minutes", "preparing", "evaluating", "needed"),
    [
        (1, 30, 12, 2),  # 30 + 8 + 3 / 0.35 = 46.6, and 27.6 for evaluations in one minute, 55.2 in two
        (5, 100, 100, 6),  # 116.6, and 230 from five minutes on
        (8, 100, 230, 11),  # 116.6, and 529
        (2, 20, 300, 30),  # 36.6, and 690 in two minutes, 1725 from five on
    ],
)
def test_the_time_that_is_needed(minutes, preparing, evaluating, needed):
    assert demo.Demo(minutes=minutes)._needed(preparing, evaluating) == needed


@pytest.mark.slow
def test_the_real_demo_keeps_its_budget(saccadeworld, tmp_path):
    """With its own recipes: everything ends in time, and most of the time is used."""
    start = time.perf_counter()
    result = saccadeworld("demo --minutes 2 --out", tmp_path / "demo")
    assert 80 < time.perf_counter() - start < 135
    check_results(tmp_path / "demo", result, f"saccadeworld demo --minutes 2 --out {tmp_path / 'demo'}")
