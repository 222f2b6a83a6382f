"""The command, at a scale of seconds."""

import json
import multiprocessing
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts.main import main
from saccadeworld.scripts.reproductions.laptop_scale import LAPTOP
from saccadeworld.scripts.reproductions.runs import BusyError, Runs, Task
from saccadeworld.seqjepa import load_model
from saccadeworld.seqjepa.evaluation import evaluate, evaluate_classes
from saccadeworld.seqjepa.training import DivergedError, Trainer

MAIN = LAPTOP.main("saccades")


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(folder / "model").state_dict()


@pytest.fixture
def no_training(monkeypatch):
    """From here on nothing may be trained."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(Trainer, "run", refuse)


@pytest.mark.usefixtures("tiny_scale")
def test_a_table_with_its_files(saccadeworld, tmp_path):
    result = saccadeworld("reproduce table3 --seeds 0 1 --out", tmp_path)
    assert (result.code, result.err) == (0, "")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"table3.md", "table3.json", "metrics.json", "report.html", "runs"}
    content, text = read(tmp_path / "table3.json"), (tmp_path / "table3.md").read_text()
    assert text in result.out
    assert content["seeds"] == [0, 1]
    assert {"versions", "config"} <= set(content)
    cell = content["parts"][0]["rows"]["seq-jepa/4/6"]["class"]
    scores = [read(tmp_path / f"runs/{MAIN.name}/seed-{s}/probes.json")["scores"] for s in (0, 1)]
    values = [100 * own["class/aggregate/6"] for own in scores]
    assert cell["values"] == values
    assert cell["paper"] == {"mean": 84.12, "spread": None}
    mean, spread = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    assert f"| seq-JEPA, 6 views ({MAIN.observed}) | {mean:.2f} ± {spread:.2f} [84.12] |" in text
    assert read(tmp_path / "metrics.json")["metrics"]["table3/saccades/seq-jepa/4/6/class"] == pytest.approx(mean)
    assert "top-1 of naming the commonest class: " in text
    assert "Paper: table 3, printed in the paper" in text
    assert "--seeds 0 1" in (tmp_path / "report.html").read_text()


def test_scores_are_those_of_the_model_that_is_left(saccadeworld, tmp_path, tiny_scale):
    saccadeworld("reproduce table3 --seeds 3 --out", tmp_path)
    uniform = replace(MAIN, ablation="no-saliency")
    folder = tmp_path / "runs" / uniform.name / "seed-3"
    plan = tiny_scale.plan(uniform, 3)
    train, test = (make_world("images", split=s, **w.options) for s, w in (("train", plan.probe), ("test", plan.test)))
    again = evaluate(load_model(folder / "model"), train, test, plan.settings.probes)
    assert {name: value for name, (value,) in again.items()} == read(folder / "probes.json")["scores"]


@pytest.mark.usefixtures("tiny_scale")
@pytest.mark.parametrize(
    "table",
    [
        "table7",
        "table12",
        "path-integration",
        "retrieval",
        "transfer",
        *(pytest.param(table, marks=pytest.mark.slow) for table in ("table1", "table2", "table4", "lengths")),
        *(pytest.param(table, marks=pytest.mark.slow) for table in ("table8", "table9", "table11")),
        *(pytest.param(table, marks=pytest.mark.slow) for table in ("ablations", "anti-collapse", "longer")),
    ],
)
def test_every_table_can_be_made(saccadeworld, tmp_path, table):
    result = saccadeworld(f"reproduce {table} --seeds 0 --share 0.5 --out", tmp_path)
    assert (result.code, result.err) == (0, "")
    cells = re.findall(r"\| (-?\d+\.\d+|-)(?= [|\[])", (tmp_path / f"{table}.md").read_text())
    assert len(cells) > 10
    assert "-" not in cells
    assert (table in ("path-integration", "transfer")) == ("<figure>" in (tmp_path / "report.html").read_text())


def test_a_model_is_measured_where_it_was_not_trained(saccadeworld, tmp_path, tiny_scale):
    saccadeworld("reproduce transfer --seeds 1 --out", tmp_path)
    folder = tmp_path / "runs" / MAIN.name / "seed-1"
    found = read(folder / "classes@transfer-large.json")
    plan = tiny_scale.plan(tiny_scale.main("transfer-large"), 1)
    assert [world["options"] for world in found["worlds"]] == [dict(w.options) for w in (plan.probe, plan.test)]
    train, test = (make_world("images", split=s, **w.options) for s, w in (("train", plan.probe), ("test", plan.test)))
    again = evaluate_classes(load_model(folder / "model"), train, test, plan.settings.probes)
    assert {name: value for name, (value,) in again.items()} == found["scores"]
    found["worlds"][0]["options"]["size"] = 33
    (folder / "classes@transfer-large.json").write_text(json.dumps(found))
    result = saccadeworld("reproduce transfer --seeds 1 --out", tmp_path)
    assert result.code == 2
    assert "classes@transfer-large.json was made with other settings (worlds" in result.err


def test_what_was_measured_outside_another_region_is_refused(tmp_path):
    task = Task(LAPTOP.main("rotations"), 0, ("generalisation",))
    runs = Runs(tmp_path, LAPTOP)
    plan, place = runs.plan(task), runs.place(task.training, 0)
    place.mkdir(parents=True)
    outside = {"name": "objects", "source": plan.outside.source, "split": "test", "options": dict(plan.outside.options)}
    content = {"settings": plan.settings.of("generalisation"), "outside": outside}
    (place / "generalisation.json").write_text(json.dumps(content))
    runs.check([task])
    outside["options"]["rotations"] = "turntable"
    (place / "generalisation.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"generalisation.json was made with other settings \(outside"):
        runs.check([task])


@pytest.mark.usefixtures("tiny_scale")
def test_what_is_done_is_not_done_again(saccadeworld, tmp_path, request):
    saccadeworld("reproduce table3 --seeds 0 --out", tmp_path)
    before = (tmp_path / "table3.md").read_text()
    lost = tmp_path / "runs/saccades/simclr/seed-0/probes.json"
    content = lost.read_text()
    lost.unlink()
    request.getfixturevalue("no_training")
    result = saccadeworld("reproduce table3 --seeds 0 --out", tmp_path)
    assert result.code == 0
    assert (tmp_path / "table3.md").read_text() == before
    assert lost.read_text() == content


@pytest.mark.usefixtures("tiny_scale")
def test_a_stopped_training_goes_on_bit_for_bit(saccadeworld, tmp_path, monkeypatch):
    """Ctrl-C in the second training; its curve goes on too."""
    saccadeworld("reproduce table3 --seeds 0 --out", tmp_path / "whole")
    original = Trainer._log

    def interrupt(trainer: Trainer, parts: dict) -> None:
        original(trainer, parts)
        if trainer.step == 3 and trainer.model.config.method == "seq-jepa":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "_log", interrupt)
    assert saccadeworld("reproduce table3 --seeds 0 --out", tmp_path / "parts").code == 130
    monkeypatch.setattr(Trainer, "_log", original)
    assert not (tmp_path / "parts" / "table3.md").exists()
    assert saccadeworld("reproduce table3 --seeds 0 --out", tmp_path / "parts").code == 0
    folders = [tmp_path / kind / "runs" / MAIN.name / "seed-0" for kind in ("whole", "parts")]
    for a, b in zip(*(weights(folder).values() for folder in folders), strict=True):
        assert torch.equal(a, b)
    curves = [read(folder / "curve.json")["points"] for folder in folders]
    assert [len(points) for points in curves] == [1, 1]
    assert curves[0][0] | {"seconds": 0} == curves[1][0] | {"seconds": 0}
    assert curves[0][0]["step"] == 2


@pytest.mark.usefixtures("tiny_scale")
def test_a_training_that_diverges_leaves_a_gap_and_the_others_go_on(saccadeworld, tmp_path, monkeypatch, request):
    run = Trainer.run

    def diverge(trainer: Trainer, *arguments: object) -> None:
        if trainer.model.config.method == "simclr":
            raise DivergedError("loss is nan at step 2")
        run(trainer, *arguments)

    monkeypatch.setattr(Trainer, "run", diverge)
    result = saccadeworld("reproduce table3 --seeds 0 --out", tmp_path)
    assert result.code == 0
    assert "| SimCLR | - (diverged) | - (diverged) |" in result.out
    assert "| Conv-JEPA | - " not in result.out
    request.getfixturevalue("no_training")
    assert "| SimCLR | - (diverged) |" in saccadeworld("reproduce table3 --seeds 0 --out", tmp_path).out


def test_another_process_at_the_same_training(tmp_path, tiny_scale):
    runs, task = Runs(tmp_path, tiny_scale), Task(MAIN, 0, ("probes",))
    place = runs.place(MAIN, 0)
    place.mkdir(parents=True)
    with FileLock(place / "lock"), pytest.raises(BusyError):
        runs.carry_out(task, lambda _: None)
    assert runs.left(task) == ("training", "probes")
    runs.carry_out(task, lambda _: None)
    assert runs.left(task) == ()


def _process(out: Path, rank: int) -> None:
    os.environ["RANK"] = str(rank)
    sys.argv = ["saccadeworld", "reproduce", "table3", "--seeds", "0", "1", "--out", str(out)]
    main()


@pytest.mark.usefixtures("tiny_scale")
def test_processes_share_the_trainings_and_make_the_same_table(saccadeworld, tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_process, args=(tmp_path / "two", rank)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    saccadeworld("reproduce table3 --seeds 0 1 --out", tmp_path / "one")
    one, two = (read(tmp_path / kind / "table3.json")["metrics"] for kind in ("one", "two"))
    assert one == two


@pytest.mark.usefixtures("tiny_scale")
def test_a_dry_run_says_what_is_left_and_does_nothing(saccadeworld, tmp_path):
    result = saccadeworld("reproduce table3 --seeds 0 1 --dry-run --out", tmp_path / "out")
    assert (result.code, result.err) == (0, "")
    assert not (tmp_path / "out").exists()
    assert re.search(r"saccades/conv-jepa +1 +training, probes +\d", result.out)
    assert "16 of 16 tasks" in result.out
    saccadeworld("reproduce table3 --seeds 0 --out", tmp_path / "out")
    assert "8 of 16 tasks" in saccadeworld("reproduce table3 --seeds 0 1 --dry-run --out", tmp_path / "out").out
    assert "Nothing is left" in saccadeworld("reproduce table3 --seeds 0 --dry-run --out", tmp_path / "out").out


@pytest.mark.usefixtures("tiny_scale")
def test_other_settings_in_the_same_folder_are_refused(saccadeworld, tmp_path, no_training):
    place = tmp_path / "runs" / MAIN.name / "seed-0"
    place.mkdir(parents=True)
    (place / "settings.json").write_text(json.dumps({"method": "seq-jepa", "model": {"layers": 7}}))
    result = saccadeworld("reproduce table3 --seeds 0 --out", tmp_path)
    assert result.code == 2
    assert "settings.json was made with other settings (worlds: None, now" in result.err
    (place / "settings.json").write_text("{")
    assert "settings.json is not valid JSON" in saccadeworld("reproduce table3 --seeds 0 --out", tmp_path).err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("table3 --seeds 0 0", "--seeds (0, 0): give one or more different seeds"),
        ("table3 --seeds -1", "seed=-1 is out of range"),
        ("table3 --share 0", "--share 0.0 must be above 0 and at most 1"),
        ("table3 --sources pictures /x", "--sources='pictures' is not known; use one of 'meshes', 'images', 'other-"),
        ("table3 --sources images /nowhere", "--sources images /nowhere: there is nothing there"),
        ("table1 --scale paper", "takes 3DIEBench from 3diebench: give its path as --sources 3diebench PATH"),
        ("table3 --device tpu", "device='tpu' is not"),
    ],
)
def test_bad_input_is_refused_before_any_work(saccadeworld, tmp_path, options, message):
    result = saccadeworld(f"reproduce {options} --out", tmp_path / "out")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_where_there_is_none(saccadeworld, tmp_path):
    result = saccadeworld("reproduce table3 --device cuda --out", tmp_path / "out")
    assert result.code == 2
    assert "sees no CUDA device" in result.err


@pytest.mark.usefixtures("tiny_scale")
def test_own_pictures_take_the_place_of_the_built_in_ones(saccadeworld, tmp_path, picture_folder):
    folder = picture_folder(" ".join(f"{name}/{i}" for name in ("cat", "dog") for i in range(12)))
    result = saccadeworld("reproduce table3 --seeds 0 --sources images", folder, "--out", tmp_path / "out")
    assert result.code == 0
    settings = read(tmp_path / "out" / "runs" / MAIN.name / "seed-0" / "settings.json")
    assert {world["source"] for world in settings["worlds"]} == {str(folder)}
    assert f"data: images: {folder}" in result.out
    data = read(tmp_path / "out" / "table3.json")["data"]
    size = settings["worlds"][0]["options"]["size"]
    hashes = {split: make_world("images", folder, split=split, size=size).data_hash for split in ("train", "test")}
    families = ("saccades", "pictures")  # of glimpses, and the baseline on whole pictures
    assert data == {f"{family}/{split}": text for family in families for split, text in hashes.items()}
