import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from saccadeworld.scripts.train import Train
from saccadeworld.seqjepa import SeqJEPA, load_model
from saccadeworld.seqjepa.baselines.byol import BYOL
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

WORLD = "--world.options count 8 size 32 fovea 8"
ENCODER = "--model.encoder small --model.encoder-width 4"
MODEL = f"{ENCODER} --model.action-embedding-dim 8 --model.layers 1 --model.predictor-hidden 16 --model.dropout 0.2"
TRAINING = "--training.batch-size 4 --training.length 3 --training.log-every 2"
TINY = f"{WORLD} {MODEL} {TRAINING}"


class Result(NamedTuple):
    """Of a process."""

    code: int
    out: str
    err: str


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def assert_refused(result, out: Path) -> None:
    """One line that names the problem, exit code 2, and nothing left behind."""
    assert result.code == 2
    assert result.err.startswith("saccadeworld: ")
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert not out.is_dir() or not any(out.iterdir())


@pytest.mark.parametrize(
    ("budget", "unit", "total"),
    [("--training.steps 5", "steps", 5), ("--training.steps None --training.minutes 0.01", "s", 0.6)],
)
def test_progress_is_told_in_steps_or_in_seconds(saccadeworld, tmp_path, monkeypatch, budget, unit, total):
    monkeypatch.setenv("SACCADEWORLD_PROGRESS", "json")
    result = saccadeworld("train --out", tmp_path / "run", TINY, budget)
    assert result.code == 0
    lines = [json.loads(line) for line in result.err.splitlines()]
    told = [line for line in lines if line["unit"] == unit]
    assert (told[0]["activity"], told[0]["done"], told[0]["total"]) == ("training", 0, total)
    assert (told[-1]["done"], told[-1]["total"]) == (total, total)
    assert told[-1]["activity"].startswith("step ")


@pytest.mark.parametrize("world", ["images", "objects"])
def test_it_leaves_a_model_metrics_options_and_a_log(saccadeworld, tmp_path, world):
    options = TINY if world == "images" else TINY.replace(WORLD, "--world.name objects --world.options count 3 size 12")
    out = tmp_path / "deep" / "run"
    result = saccadeworld("train --out", out, options, "--training.steps 5 --training.seed 3")
    assert result.code == 0
    assert str(out / "model") in result.out
    assert result.err == "", "bars are for terminals"

    assert SeqJEPA.load(out / "model").config.action_dim == {"images": 2, "objects": 4}[world]
    assert read(out / "run.json")["world"]["name"] == world
    content = read(out / "metrics.json")
    assert content["seed"] == 3
    assert content["config"]["training"]["steps"] == content["metrics"]["training/step"] == 5
    assert content["versions"]["torch"] == torch.__version__
    assert {"training/loss", "training/seconds", "training/spread"} <= content["metrics"].keys()
    assert all(math.isfinite(value) for value in content["metrics"].values())

    log = EventAccumulator(str(out / "tensorboard"))
    log.Reload()
    scalars = log.Scalars("training/loss")
    assert [event.step for event in scalars] == [2, 4, 5]
    assert scalars[-1].value == pytest.approx(content["metrics"]["training/loss"])
    assert {path.name for path in out.iterdir()} == {"model", "run.json", "metrics.json", "tensorboard"}


def test_ctrl_c_saves_and_the_resumed_run_equals_an_uninterrupted_one(saccadeworld, tmp_path):
    """In a process of its own, interrupted from outside, and resumed in another."""
    budget = "--training.steps 100 --training.save-every 20"
    words = f"train --out {tmp_path / 'stopped'} {TINY} {budget}".split()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "saccadeworld.scripts.main", *words]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(tmp_path / "stopped" / "model", process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == ""
    step = read(tmp_path / "stopped" / "model" / "training.json")["step"]
    assert 20 <= step < 100
    assert f"saved at step {step}; to go on: saccadeworld train --out {tmp_path / 'stopped'} --resume" in out
    assert not (tmp_path / "stopped" / "metrics.json").exists()

    assert saccadeworld("train --out", tmp_path / "stopped", "--resume").code == 0
    assert saccadeworld("train --out", tmp_path / "straight", TINY, budget).code == 0
    for name in ("model.safetensors", "optimiser.safetensors"):
        resumed, straight = (load_file(tmp_path / run / "model" / name) for run in ("stopped", "straight"))
        assert resumed.keys() == straight.keys()
        assert [key for key in resumed if not torch.equal(resumed[key], straight[key])] == []


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_a_second_ctrl_c_does_not_wait(saccadeworld, monkeypatch, tmp_path):
    from saccadeworld.scripts import train

    def impatient(trainer, _):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(train.Trainer, "save", impatient)
    result = saccadeworld("train --out", tmp_path / "run", TINY, "--training.steps 5")
    assert result.code == 130
    assert "saved" not in result.out
    assert not (tmp_path / "run" / "model").exists()


def test_a_finished_run_stays_as_it_is(saccadeworld, tmp_path):
    saccadeworld("train --out", tmp_path / "run", TINY, "--training.steps 2")
    weights = (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    metrics = (tmp_path / "run" / "metrics.json").read_text()
    assert saccadeworld("train --out", tmp_path / "run", "--resume").code == 0
    assert (tmp_path / "run" / "model" / "model.safetensors").read_bytes() == weights
    assert (tmp_path / "run" / "metrics.json").read_text() == metrics

    again = saccadeworld("train --out", tmp_path / "run", TINY)
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "add --resume to go on with it" in again.err
    more = saccadeworld("train --out", tmp_path / "run", "--resume --training.steps 9")
    assert (more.code, more.err.count("\n")) == (2, 1)
    assert "give only --out with it" in more.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run.json", None, "there is no run to resume"),
        ("run.json", "{", "does not hold the options of a run"),
        ("run.json", "{}", "does not hold the options of a run"),
        ("model", None, "no checkpoint folder"),
    ],
)
def test_what_is_no_run_is_not_resumed(saccadeworld, tmp_path, name, content, message):
    out = tmp_path / "run"
    saccadeworld("train --out", out, TINY, "--training.steps 1")
    shutil.rmtree(out / name) if name == "model" else (out / name).unlink()
    if content is not None:
        (out / name).write_text(content)
    result = saccadeworld("train --out", out, "--resume")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert message in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--world.options count 8 fovea 9 colour red", "no option 'colour'; it takes '"),
        ("--world.options split test", "'split' is none of --world.options"),
        ("--world.options count 8 size 32 fovea many", "fovea='many' is not a whole number"),
        ("--world.options count 4 fovea 500", "fovea=500"),
        ("--world.source nowhere", "no folder nowhere"),
        (f"{TINY} --training.policy backwards", "policy='backwards' is not known; use one of 'saliency'"),
        (f"{TINY} --model.heads 7", "heads=7 does not divide"),
        (f"{TINY} --model.encoder vit", "--model.encoder='vit' is not known"),
        (f"{TINY} --collector explor", "--collector explor is neither 'explore' nor the folder of an agent"),
        ("--method byol --baseline projektor [9]", "byol has no option 'projektor' (did you mean 'projector'?)"),
        ("--device tpu", "device='tpu'"),
        ("--resume", "there is no run to resume"),
    ],
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, options, message):
    result = saccadeworld("train --out", tmp_path / "run", options)
    assert_refused(result, tmp_path / "run")
    assert message in result.err


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_where_there_is_none(saccadeworld, tmp_path):
    result = saccadeworld("train --device cuda --out", tmp_path / "run")
    assert_refused(result, tmp_path / "run")
    assert "sees no CUDA device" in result.err


def test_an_empty_folder(saccadeworld, tmp_path):
    (tmp_path / "empty").mkdir()
    result = saccadeworld("train --out", tmp_path / "run", "--world.source", tmp_path / "empty")
    assert_refused(result, tmp_path / "run")
    assert "holds no usable file" in result.err


def test_bad_files_are_warned_of_in_one_line(saccadeworld, tmp_path, picture_folder):
    folder = picture_folder("cat/1 cat/2 cat/3")
    (folder / "cat" / "bad.png").touch()
    options = TINY.replace("count 8 ", "")
    result = saccadeworld("train --training.steps 1 --out", tmp_path / "run", "--world.source", folder, options)
    assert result.code == 0
    assert result.err.startswith("saccadeworld: warning: ")
    assert result.err.count("\n") == 1
    assert "bad.png (empty file)" in result.err


@pytest.mark.parametrize("below", ["", "sub/folder"])
def test_a_file_in_the_way(saccadeworld, tmp_path, below):
    (tmp_path / "file").write_text("mine")
    result = saccadeworld("train --out", tmp_path / "file" / below, TINY)
    assert_refused(result, tmp_path / "file" / below)
    assert "cannot be written (Not a directory)" in result.err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("below", ["", "sub/folder"])
def test_a_folder_that_may_not_be_written(saccadeworld, tmp_path, below):
    tmp_path.chmod(0o555)
    with unprivileged():
        result = saccadeworld("train --out", tmp_path / below, TINY)
    assert_refused(result, tmp_path / below)
    assert "cannot be written (Permission denied)" in result.err


@contextmanager
def unprivileged():
    """Root may write anywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


def test_a_run_that_diverges(saccadeworld, tmp_path):
    result = saccadeworld("train --out", tmp_path / "run", TINY, "--training.steps 90 --training.learning-rate 1e30")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "lower learning_rate=1e+30" in result.err
    assert not (tmp_path / "run" / "model").exists()


def test_options_from_python_are_those_of_the_shell(saccadeworld, tmp_path):
    saccadeworld("train --training.steps 1 --out", tmp_path / "shell", TINY)
    from saccadeworld.scripts.options import WorldOptions
    from saccadeworld.seqjepa.config import ModelOptions
    from saccadeworld.seqjepa.training import TrainingConfig

    Train(
        out=tmp_path / "python",
        world=WorldOptions(options={"count": "8", "size": "32", "fovea": "8"}),
        model=ModelOptions(
            encoder="small", encoder_width=4, action_embedding_dim=8, layers=1, predictor_hidden=16, dropout=0.2
        ),
        training=TrainingConfig(steps=1, batch_size=4, length=3, log_every=2),
    ).run()
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("shell", "python")]
    assert weights[0] == weights[1]


# --- baselines ---------------------------------------------------------------------------------------------------


def test_a_baseline_is_trained_and_resumed_and_evaluated(saccadeworld, tmp_path):
    run = tmp_path / "run"
    heads = "--baseline projector [16,8] predictor_hidden 16"
    result = saccadeworld("train --out", run, "--method byol", WORLD, ENCODER, heads, TRAINING, "--training.steps 2")
    assert (result.code, result.err) == (0, "")
    model = load_model(run / "model")
    assert isinstance(model, BYOL)
    assert model.config.projector == (16, 8)
    assert saccadeworld("train --out", run, "--resume").code == 0
    quick = "--evaluation.train-episodes 24 --evaluation.test-episodes 12 --evaluation.repeats 2"
    result = saccadeworld("evaluate --model", run / "model", "--out", tmp_path / "scores", WORLD, quick)
    assert (result.code, result.err) == (0, "")
    metrics = read(tmp_path / "scores" / "metrics.json")["metrics"]
    assert 0 <= metrics["images/trained/class/z"] <= 1
    assert not any("aggregate" in name for name in metrics)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--method moco", "--method='moco'"),
        ("--method byol --model.layers 7", "--model.layers is for seq-JEPA; 'byol' takes --baseline"),
        ("--baseline temperature 1", "--baseline {'temperature': '1'} is for baselines"),
        ("--method simclr --baseline temperature 0", "temperature must be"),
    ],
)
def test_options_of_another_method_are_refused(saccadeworld, tmp_path, options: str, message: str):
    result = saccadeworld("train --out", tmp_path / "run", options, WORLD, TRAINING)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert message in result.err
    assert not (tmp_path / "run").exists()


def test_a_planner_or_an_agent_collects_the_views(saccadeworld, tmp_path):
    out = tmp_path / "planned"
    budget = "--training.steps 3 --training.seed 1"
    assert saccadeworld("train --collector explore --out", out, TINY, budget).code == 0
    assert saccadeworld("train --out", tmp_path / "passive", TINY, budget).code == 0
    planned, passive = (load_file(tmp_path / run / "model" / "model.safetensors") for run in ("planned", "passive"))
    assert any(not torch.equal(planned[name], passive[name]) for name in planned)
    agent = f"--steps 16 --rows 4 --options n_steps 4 batch_size 16 --evaluation-episodes 4 --task free-viewing {WORLD}"
    result = saccadeworld("train-agent --model", out / "model", "--out", tmp_path / "agent", agent)
    assert result.code == 0, result.err
    folder = tmp_path / "agent" / "agent"
    result = saccadeworld("train --out", tmp_path / "led", TINY, budget, "--collector", folder)
    assert result.code == 0, result.err
    assert read(tmp_path / "led" / "run.json")["collector"] == str(folder)
    result = saccadeworld("train --out", tmp_path / "led", "--resume")
    assert result.code == 0, result.err


def test_a_collector_that_cannot_be_is_told(saccadeworld, tmp_path):
    out = tmp_path / "run"
    result = saccadeworld("train --out", out, WORLD, ENCODER, "--method simclr --collector explore")
    assert "--collector explore plans with seq-JEPA" in result.err
    assert_refused(result, out)
    result = saccadeworld("train --out", out, TINY, "--collector nowhere")
    assert "nowhere" in result.err
    assert_refused(result, out)


# --- several ranks -------------------------------------------------------------------------------------------------


def test_what_torchrun_starts_again_goes_on(saccadeworld, tmp_path, monkeypatch):
    """With the same options; with others it is another run, and without torchrun a mistake."""
    run, model = f"train --out {tmp_path / 'run'} {TINY} --training.steps 5", tmp_path / "run" / "model"
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    assert saccadeworld(run).code == 0
    finished = (model / "model.safetensors").read_bytes()
    progress = read(model / "training.json")
    assert saccadeworld(run).code == 0
    assert read(model / "training.json")["history"] == progress["history"], "nothing was trained again"
    model.rename(model.with_name("model.old"))  # as a rank leaves it that was killed while it saved
    assert saccadeworld(run).code == 0
    assert (model / "model.safetensors").read_bytes() == finished

    for again in (f"{run} --training.seed 1", f"{run} --parallel fsdp"):
        result = saccadeworld(again)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "add --resume to go on with it" in result.err
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    assert "add --resume to go on with it" in saccadeworld(run).err
    assert saccadeworld(f"train --out {tmp_path / 'run'} --resume --parallel fsdp").code == 0


def test_a_planner_needs_the_whole_model(saccadeworld, tmp_path):
    result = saccadeworld("train --collector explore --parallel fsdp --out", tmp_path / "run", TINY)
    assert "leave out --parallel fsdp" in result.err
    assert_refused(result, tmp_path / "run")


def torchrun(out: Path, *options: str) -> subprocess.Popen:
    words = f"--standalone --nproc-per-node 2 --max-restarts 3 -m saccadeworld.scripts.train --out {out}".split()
    command = [sys.executable, "-m", "torch.distributed.run", *words, *(word for o in options for word in o.split())]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> Result:
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return Result(process.returncode, out, err)


def pid_of_rank(rank: int, agent: int) -> int:
    """The process of a rank among the children of torchrun."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == agent and f"RANK={rank}" in (entry / "environ").read_text().split("\0"):
                return int(entry.name)
    raise AssertionError(f"no rank {rank}")


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_ranks_go_on_after_one_was_killed(tmp_path, parallel):
    """By themselves, from the last checkpoint, to the weights of a run that nothing happened to, bit for bit."""
    options = TINY, "--training.steps 400 --training.save-every 20", f"--parallel {parallel}"
    process = torchrun(tmp_path / "killed", *options)
    wait_for(tmp_path / "killed" / "model", process)
    os.kill(pid_of_rank(1, process.pid), signal.SIGKILL)
    killed, straight = finish(process), finish(torchrun(tmp_path / "straight", *options))
    assert (killed.code, straight.code) == (0, 0), killed.err + straight.err
    assert "exitcode: -9" in killed.err
    for run, result in (("killed", killed), ("straight", straight)):
        assert result.out == f"trained for 400 steps; the model is in {tmp_path / run / 'model'}\n"
    for name in ("model.safetensors", "optimiser.safetensors"):
        left, right = (load_file(tmp_path / run / "model" / name) for run in ("killed", "straight"))
        assert left.keys() == right.keys()
        assert [key for key in left if not torch.equal(left[key], right[key])] == []
    SeqJEPA.load(tmp_path / "killed" / "model")
