import json
import math
import pickle

import pytest
import torch
from saccadeworld.seqjepa import SeqJEPA, make_baseline

WORLD = "--world.options count 6 size 32 fovea 8"
QUICK = "--evaluation.train-episodes 60 --evaluation.test-episodes 40 --evaluation.repeats 2 --evaluation.views 1 2"


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    model = SeqJEPA(2, "small", encoder_width=4, layers=1, heads=2, action_embedding_dim=8, predictor_hidden=16)
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_it_prints_a_table_and_leaves_the_scores(saccadeworld, tmp_path, model):
    result = saccadeworld("evaluate --model", model, "--out", tmp_path / "out", WORLD, QUICK, "--evaluation.seed 4")
    assert (result.code, result.err) == (0, "")
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["seed"] == 4
    assert content["config"]["world"]["options"]["fovea"] == "8"
    assert all(math.isfinite(value) for value in content["metrics"].values())
    score = content["metrics"]["images/trained/class/aggregate/2"]
    assert f"images: class from the aggregate, 2 views  {score:.3f} ± " in result.out
    other = content["metrics"]["images/untrained/action/relative"]
    assert other != content["metrics"]["images/trained/action/relative"], "the twin has weights of its own"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"metrics.json", "report.html"}


def report_of(saccadeworld, folder, *words) -> str:
    out = folder / "reported"
    result = saccadeworld("evaluate --model", folder / "model", "--out", out, QUICK, *words)
    assert (result.code, result.err) == (0, "")
    return (out / "report.html").read_text()


def test_the_report_shows_what_the_aggregate_attends_to(saccadeworld, tmp_path, model):
    page = report_of(saccadeworld, tmp_path, WORLD)
    assert page.count("<img") == 4
    assert "in the last of 1 layers, averaged over 2 heads" in page
    assert "Views, each with its share of the attention. " in page
    assert f"<pre>saccadeworld evaluate --model {model} --out {tmp_path / 'reported'}" in page


@pytest.mark.parametrize(
    ("world", "action_dim", "seen"),
    [
        ("--world.name objects --world.options count 20 size 8", 4, "turned by "),
        ("--world.name augmentations --world.options count 20 size 32", 8, "in the order in which they were seen"),
    ],
)
def test_reports_of_other_worlds_and_methods(saccadeworld, tmp_path, world: str, action_dim: int, seen: str):
    model = make_baseline("byol", action_dim=action_dim, encoder="small", encoder_width=4)
    model.save(tmp_path / "model")
    page = report_of(saccadeworld, tmp_path, world, "--evaluation.hidden 4 --evaluation.epochs 1")
    assert seen in page
    assert "attention" not in page, "it has no aggregator"
    assert page.count("<img") == 2


def test_the_seed_decides(saccadeworld, tmp_path, model):
    metrics = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        saccadeworld("evaluate --model", model, "--out", tmp_path / name, WORLD, QUICK, f"--evaluation.seed {seed}")
        metrics.append(json.loads((tmp_path / name / "metrics.json").read_text())["metrics"])
    assert metrics[0] == metrics[1]
    assert metrics[0] != metrics[2]


def test_the_pooled_score_is_an_option(saccadeworld, tmp_path, model):
    saccadeworld("evaluate --model", model, "--out", tmp_path / "out", WORLD, QUICK, "--evaluation.pooled")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())["metrics"]
    assert "images/trained/action/relative/pooled" in metrics


def assert_refused(result, out, message: str) -> None:
    assert result.code == 2
    assert (result.out, result.err.count("\n")) == ("", 1)
    assert message in result.err
    assert not out.exists()


def test_a_model_for_another_world(saccadeworld, tmp_path, model):
    world = "--world.name objects --world.options count 3 size 12"
    result = saccadeworld("evaluate --model", model, "--out", tmp_path / "out", world, QUICK)
    assert_refused(result, tmp_path / "out", "takes actions of 2 numbers, the world 'objects' has 4")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_where_there_is_none(saccadeworld, tmp_path, model):
    result = saccadeworld("evaluate --device cuda --model", model, "--out", tmp_path / "out", WORLD, QUICK)
    assert_refused(result, tmp_path / "out", "sees no CUDA device")


def test_what_is_no_checkpoint(saccadeworld, tmp_path, model):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(pickle.dumps(print))
    torn = model / "model.safetensors"
    torn.write_bytes(torn.read_bytes()[:1000])
    for path, message in (
        (tmp_path / "nowhere", "no checkpoint folder"),
        (tmp_path / "empty", "it has no config.json"),
        (tmp_path / "file", "is a file: name the folder that holds it"),
        (model, "is not a readable safetensors file"),
    ):
        result = saccadeworld("evaluate --model", path, "--out", tmp_path / "out", WORLD, QUICK)
        assert_refused(result, tmp_path / "out", message)


def test_a_checkpoint_of_another_shape(saccadeworld, tmp_path, model):
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"predictor_hidden": 17}))
    result = saccadeworld("evaluate --model", model, "--out", tmp_path / "out", WORLD, QUICK)
    assert_refused(result, tmp_path / "out", "instead of")


def test_a_folder_without_instances_to_test_on(saccadeworld, tmp_path, model, picture_folder):
    folder = picture_folder("cat/1 dog/1 eel/1")
    world = ("--world.source", folder, "--world.options size 32 fovea 8")
    result = saccadeworld("evaluate --model", model, "--out", tmp_path / "out", *world, QUICK)
    assert result.code == 2
    assert "none in the split 'test': a class needs two instances" in result.err
    assert not (tmp_path / "out").exists()


def test_a_class_with_one_instance_is_trained_on_only(saccadeworld, tmp_path, model, picture_folder):
    folder = picture_folder("cat/1 cat/2 cat/3 dog/1 dog/2 eel/1")
    world = ("--world.source", folder, "--world.options size 32 fovea 8")
    result = saccadeworld("evaluate --model", model, "--out", tmp_path / "out", *world, QUICK)
    assert result.code == 0
    assert "1 of 3 classes have no instance to test on: eel" in result.err
    assert "Traceback" not in result.err


def test_a_planner_or_an_agent_looks_around(saccadeworld, tmp_path, model):
    agent = f"--steps 16 --rows 4 --options n_steps 4 batch_size 16 --evaluation-episodes 4 --task free-viewing {WORLD}"
    assert saccadeworld("train-agent --model", model, "--out", tmp_path / "agent", agent).code == 0
    scores = {}
    for name, collector in (("policy", ()), ("planner", ("explore",)), ("agent", (tmp_path / "agent" / "agent",))):
        option = ("--collector", *collector) if collector else ()
        result = saccadeworld("evaluate --model", model, "--out", tmp_path / name, WORLD, QUICK, *option)
        assert (result.code, result.err) == (0, "")
        metrics = json.loads((tmp_path / name / "metrics.json").read_text())["metrics"]
        scores[name] = metrics["images/trained/action/first_pose"], metrics["images/untrained/action/first_pose"]
        assert scores[name][0] == scores[name][1], "the model and its twin see the same episodes"
    assert len(set(scores.values())) == 3, scores


def test_a_collector_that_is_not_there(saccadeworld, tmp_path, model):
    result = saccadeworld("evaluate --collector nowhere --model", model, "--out", tmp_path / "out", WORLD, QUICK)
    assert_refused(result, tmp_path / "out", "nowhere")
