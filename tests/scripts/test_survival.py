"""What is left of a run that is killed, runs out of disk, or is not alone in its folder."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from saccadeworld import make_world
from saccadeworld.scripts.folder_lock import own_folder
from saccadeworld.scripts.results import write_atomically
from saccadeworld.seqjepa.initial_model import initial_model
from saccadeworld.seqjepa.training import Trainer, TrainingConfig
from safetensors.torch import load_file

WORLD = "--world.options count 8 size 32 fovea 8"
MODEL = (
    "--model.encoder small --model.encoder-width 4 --model.action-embedding-dim 8 --model.layers 1 "
    "--model.predictor-hidden 16 --model.dropout 0.2"
)
TINY = f"{WORLD} {MODEL} --training.batch-size 4 --training.length 3 --training.log-every 10"


def start(*words: str | Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "saccadeworld.scripts.main"]
    command += [word for part in words for word in ([str(part)] if isinstance(part, Path) else part.split())]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def step_of(out: Path) -> int:
    """Of the checkpoint that is there, 0 where there is none; the run goes on writing meanwhile."""
    for folder in ("model", "model.old"):
        try:
            return json.loads((out / folder / "training.json").read_text())["step"]
        except (OSError, ValueError):
            continue
    return 0


def assert_same_weights(first: Path, second: Path) -> None:
    for name in ("model.safetensors", "optimiser.safetensors"):
        got, expected = (load_file(run / "model" / name) for run in (first, second))
        assert got.keys() == expected.keys()
        assert [key for key in got if not torch.equal(got[key], expected[key])] == []


def assert_refused(second) -> None:
    assert (second.code, second.err.count("\n")) == (2, 1)
    assert "is in use by another run: wait for it, or choose another folder" in second.err


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(saccadeworld, tmp_path, kills):
    """With a checkpoint after every step, so that many die while they write one; and no second run can mix in."""
    budget = f"--training.steps {30 * kills} --training.save-every 1"
    out, moments, steps = tmp_path / "killed", random.Random(0), []
    for kill in range(kills):
        first = step_of(out)
        process = start("train --out", out, "--resume" if first else f"{TINY} {budget}")
        if kill % 4 == 3:  # at any moment, also while it starts
            time.sleep(moments.uniform(0, 4))
        else:
            while step_of(out) <= first:
                assert process.poll() is None, process.communicate()
                time.sleep(0.002)
            if kill == 0:
                assert_refused(saccadeworld("train --out", out, "--resume"))
                assert_refused(saccadeworld("train --out", out, TINY))
            time.sleep(moments.uniform(0, 0.2))
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        steps.append(step_of(out))
        assert (out / "model").is_dir() or (out / "model.old").is_dir() or not steps[-1]
    assert steps == sorted(steps)
    assert 0 < steps[-1] < 30 * kills

    result = saccadeworld("train --out", out, "--resume")
    assert result.code == 0, result.err
    assert {path.name for path in out.iterdir()} == {"model", "run.json", "metrics.json", "tensorboard"}
    assert saccadeworld("train --out", tmp_path / "straight", TINY, budget.replace("every 1", "every 1000")).code == 0
    assert_same_weights(out, tmp_path / "straight")


def test_killed_between_two_renamings_it_holds_a_run_still(saccadeworld, tmp_path):
    out = tmp_path / "run"
    saccadeworld("train --out", out, TINY, "--training.steps 2")
    (out / "model").rename(out / "model.old")
    again = saccadeworld("train --out", out, TINY, "--training.steps 2")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "holds a run already: add --resume" in again.err
    assert saccadeworld("train --out", out, "--resume").code == 0


def test_killed_before_its_first_checkpoint_it_says_what_to_do(saccadeworld, tmp_path):
    out = tmp_path / "run"
    saccadeworld("train --out", out, TINY, "--training.steps 2")
    for path in (out / "model").iterdir():
        path.unlink()
    (out / "model").rmdir()
    result = saccadeworld("train --out", out, "--resume")
    assert "stopped before its first checkpoint; start it again with its options, without --resume" in result.err
    assert saccadeworld("train --out", out, TINY, "--training.steps 2").code == 0


def test_a_full_disk_loses_no_earlier_checkpoint(saccadeworld, tmp_path, files_of_at_most):
    out = tmp_path / "run"
    saccadeworld("train --out", out, TINY, "--training.steps 2")
    for name in ("run.json", "model/training.json"):
        content = (out / name).read_text()
        (out / name).write_text(content.replace('"steps": 2', '"steps": 4'))
    before = {path.name: path.read_bytes() for path in (out / "model").iterdir()}
    with files_of_at_most(len(before["optimiser.safetensors"]) - 1):
        result = saccadeworld("train --out", out, "--resume")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "cannot be written, what was there is as it was: File too large" in result.err
    assert {path.name: path.read_bytes() for path in (out / "model").iterdir()} == before
    assert not list(out.glob(".*")), "nothing half-written is left"
    assert saccadeworld("train --out", out, "--resume").code == 0
    assert step_of(out) == 4


def test_a_folder_that_turns_read_only_loses_no_earlier_checkpoint(saccadeworld, tmp_path, turn_read_only, monkeypatch):
    """In the middle of a run, which ends with the same weights once it can be written again."""
    budget, out = "--training.steps 6 --training.save-every 2", tmp_path / "run"
    optimise = Trainer.optimise

    def turning(trainer: Trainer, batch: Any) -> Any:
        if trainer.step == 3:
            turn_read_only(out)
        return optimise(trainer, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "optimise", turning)
        result = saccadeworld("train --out", out, TINY, budget)
    assert (result.code, result.err.strip().count("\n")) == (2, 0)
    assert "model cannot be written, what was there is as it was: Read-only file system" in result.err
    assert f"make the folder writable again; the last checkpoint is {out}/model, of step 2" in result.err
    assert result.err.endswith(f"to go on from it: saccadeworld train --out {out} --resume\n")
    assert step_of(out) == 2

    still = saccadeworld("train --out", out, "--resume")
    assert (still.code, still.err.count("\n")) == (2, 1)
    assert "cannot be written (Read-only file system); make it writable, or choose another" in still.err
    turn_read_only(out, False)
    assert saccadeworld("train --out", out, "--resume").code == 0
    assert {path.name for path in out.iterdir()} == {"model", "run.json", "metrics.json", "tensorboard"}
    assert saccadeworld("train --out", tmp_path / "straight", TINY, budget).code == 0
    assert_same_weights(out, tmp_path / "straight")


@pytest.fixture
def file_system(tmp_path) -> Iterator[Path]:
    """One of its own, where this process may mount one."""
    place = tmp_path / "mounted"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_a_file_system_that_turns_read_only_loses_no_earlier_checkpoint(file_system):
    """As they do when a disk has errors: a real one, below the command, which keeps files open on it."""

    def trainer() -> Trainer:
        world = make_world("images", count=8, size=32, fovea=8)
        config = TrainingConfig(steps=6, batch_size=4, length=3, save_every=2)
        return Trainer(
            initial_model("seq-jepa", world, config, encoder="small", encoder_width=4, layers=1), world, config
        )

    def remount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", file_system], check=True)

    class Turning(Trainer):
        def optimise(self, batch: Any) -> Any:
            if self.step == 3:
                remount("ro")
            return super().optimise(batch)

    first = trainer()
    first.__class__ = Turning
    folder = file_system / "run" / "model"
    with pytest.raises(
        OSError, match=r"model cannot be written, .*Read-only file system; make the folder writable again"
    ):
        first.run(folder)
    resumed = Trainer.resume(folder, first.world)
    assert resumed.step == 2
    remount("rw")
    resumed.run(folder)
    straight = trainer()
    straight.run()
    assert [entry.name for entry in folder.parent.iterdir()] == ["model"]
    for got, expected in zip(resumed.model.parameters(), straight.model.parameters(), strict=True):
        assert torch.equal(got, expected)


# --- who is at work in a folder --------------------------------------------------------------------------------------


COMMANDS = {
    "train": TINY,
    "record": WORLD,
    "train-agent": f"--steps 4 --rows 2 {WORLD}",
    "evaluate": f"--model nowhere {WORLD}",
    "saliency": "--images nowhere",
    "latents": f"--model nowhere {WORLD}",
    "path-integration": f"--model nowhere {WORLD}",
    "search": f"--model nowhere {WORLD}",
    "glimpses": f"--model nowhere {WORLD}",
    "demo": "",
    "benchmark": "env",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_folder_to_itself(saccadeworld, tmp_path, command):
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"):
        result = saccadeworld(f"{command} --out", tmp_path / "out", COMMANDS[command])
    assert_refused(result)


def test_a_folder_is_free_again_whatever_happened_in_it(tmp_path):
    out = tmp_path / "deep" / "out"

    def fail() -> None:
        with own_folder(out):
            assert (out / ".lock").exists()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not (tmp_path / "deep").exists(), "nothing was left in it"
    with own_folder(out):
        (out / "result").touch()
    assert [path.name for path in out.iterdir()] == ["result"]


def test_the_processes_of_one_torchrun_are_one_run(tmp_path, monkeypatch):
    with own_folder(tmp_path):
        monkeypatch.setenv("RANK", "1")
        with own_folder(tmp_path):
            assert (tmp_path / ".lock").exists()
        assert (tmp_path / ".lock").exists()


def test_two_processes_may_write_one_file(tmp_path):
    """As those that reproduce tables in one folder do: a reader meets one of the contents, whole."""
    path, contents = tmp_path / "table", [letter * 20000 for letter in "ab"]
    write_atomically(path, contents[0])
    writers = []
    for content in contents:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for _ in range(200):
                    write_atomically(path, content)
                status = 0
            finally:
                os._exit(status)
        writers.append(child)
    for _ in range(200):
        assert path.read_text() in contents
    assert [os.waitpid(writer, 0)[1] for writer in writers] == [0, 0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["table"]
