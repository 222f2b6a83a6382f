import json
import math

import pytest
import torch
from saccadeworld.scripts.path_integration import tables
from saccadeworld.seqjepa import SeqJEPA, make_baseline
from saccadeworld.seqjepa.path_integration import CONDITIONS, LEVELS

QUICK = "--evaluation.train-episodes 40 --evaluation.test-episodes 30 --evaluation.repeats 2 --evaluation.views 1 3"
WORLDS = {
    "images": ("--world.name images --world.options count 6 size 32 fovea 8 motor_noise 0.1", {"distance"}),
    "objects": ("--world.name objects --world.options count 3 size 8 motor_noise 0.1", {"angle", "angle/median"}),
}


def small_model(folder, action_dim: int = 2):
    torch.manual_seed(0)
    options = {"encoder_width": 4, "layers": 1, "heads": 2, "action_embedding_dim": 8, "predictor_hidden": 16}
    SeqJEPA(action_dim, "small", **options).save(folder / "model")
    return folder / "model"


@pytest.mark.parametrize("name", WORLDS)
def test_it_prints_tables_and_leaves_scores_and_a_figure(saccadeworld, tmp_path, name: str):
    world, errors = WORLDS[name]
    model, out = small_model(tmp_path, {"images": 2, "objects": 4}[name]), tmp_path / "out"
    heads = "--evaluation.hidden 8 --evaluation.epochs 2 --evaluation.seed 4"
    result = saccadeworld("path-integration --model", model, "--out", out, world, QUICK, heads)
    assert (result.code, result.err) == (0, "")
    content = json.loads((out / "metrics.json").read_text())
    assert content["seed"] == 4
    assert content["config"]["world"]["options"]["motor_noise"] == "0.1"
    expected = {
        f"{name}/{which}/path/{who}/{m}/{score}{end}"
        for which in ("trained", "untrained")
        for who in (*CONDITIONS, *LEVELS)
        for m in (1, 3)
        for score in {"r2"} | errors
        for end in ("", "/spread")
    }
    assert content["metrics"].keys() == expected
    assert all(math.isfinite(value) for value in content["metrics"].values())
    full = content["metrics"][f"{name}/trained/path/full/3/r2"]
    row = next(line for line in result.out.splitlines() if line.startswith("full, trained"))
    assert f"{full:.3f} ± " in row.split("  ")[-1] + row.split("  ")[-2]
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert page.count("<table>") == 1 + len(errors) + 1  # and the versions
    assert sorted(path.name for path in out.iterdir()) == ["metrics.json", "report.html"]


def test_rows_are_those_of_the_scores():
    scores = {
        f"path/{who}/{m}/{score}": [i + 0.1 * m, i + 0.1 * m + 0.2]
        for i, who in enumerate((*CONDITIONS, *LEVELS))
        for m in (4, 2)
        for score in ("r2", "distance")
    }
    r2, distance = tables(scores, {name: [0.0, 0.0] for name in scores}, (4, 2))
    assert r2[0] == ["R2 of the displacement", "M = 4", "M = 2"]
    assert r2[1] == ["full, trained", "0.500 ± 0.141", "0.300 ± 0.141"]
    assert r2[4] == ["full, untrained", "0.000 ± 0.000", "0.000 ± 0.000"]
    assert r2[7] == ["exact", "3.500 ± 0.141", "3.300 ± 0.141"]
    assert distance[0][0] == "mean error in sides of the picture"
    assert len(r2) == len(distance) == 12


def test_it_explains_itself(saccadeworld):
    result = saccadeworld("path-integration --help")
    assert result.code == 0
    assert "usage: saccadeworld path-integration" in result.out
    assert "untrained twin" in " ".join(result.out.split())


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (
            "--world.name objects --world.options count 3 size 8",
            "takes actions of 2 numbers, the world 'objects' has 4",
        ),
        ("--world.name augmentations --world.options count 6 size 32", "the world 'augmentations' has no journeys"),
    ],
)
def test_other_worlds_are_refused(saccadeworld, tmp_path, world: str, message: str):
    result = saccadeworld("path-integration --model", small_model(tmp_path), "--out", tmp_path / "out", world, QUICK)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_other_methods_are_refused(saccadeworld, tmp_path):
    make_baseline("byol", action_dim=2, encoder="small", encoder_width=4).save(tmp_path / "byol")
    world = WORLDS["images"][0]
    result = saccadeworld("path-integration --model", tmp_path / "byol", "--out", tmp_path / "out", world, QUICK)
    assert result.code == 2
    assert "byol" in result.err
    assert not (tmp_path / "out").exists()
