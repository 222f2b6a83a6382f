import json
import os
import random
import shutil
import signal
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.recordings.card import Card
from saccadeworld.envs.recordings.chunks import Chunk
from saccadeworld.envs.rollout import Rollout
from saccadeworld.scripts import record, recorders
from saccadeworld.seqjepa.training import Trainer
from safetensors.torch import load_file

h5py = pytest.importorskip("h5py")

WORLD = "--world.options count 8 size 32 fovea 8"
ENCODER = "--model.encoder small --model.encoder-width 4 --model.action-embedding-dim 8 --model.layers 1"
TRAINING = "--training.batch-size 4 --training.log-every 1"


def contents(folder: Path) -> dict[str, bytes]:
    """Of every file, but the options of the run and data sets of Minari, whose metadata name no order."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def columns(folder: Path) -> dict[str, np.ndarray]:
    with h5py.File(folder / "data.h5") as file:
        return {name: file[name][:] for name in file}


def assert_refused(result, match: str) -> None:
    """In one line that says why."""
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert match in result.err


@pytest.fixture
def small_chunks(monkeypatch):
    """So that little makes several chunks: 3 episodes of 4 views each, or one of a task."""
    monkeypatch.setattr(recorders, "_CHUNK_BYTES", 3 * 4 * 8 * 8 * 3)


def test_it_leaves_the_rollouts_of_the_world(saccadeworld, tmp_path, small_chunks):
    out = tmp_path / "deep" / "out"
    result = saccadeworld("record --out", out, WORLD, "--episodes 8 --policy uniform --seed 2 --split test")
    assert (result.code, result.err) == (0, "")
    assert str(out) in result.out
    assert {path.name for path in out.iterdir()} == {"data.h5", "card.json", "README.md", "run.json"}
    world = make_world("images", split="test", count=8, size=32, fovea=8)
    batch = world.rollout(8, 4, "uniform", 2 << 40)
    recorded = columns(out)
    assert np.array_equal(recorded["pixels"], batch.views.flatten(0, 1).permute(0, 2, 3, 1))
    assert np.array_equal(recorded["pose"], batch.poses.flatten(0, 1))
    card = Card.read(out)
    assert (card.episodes, card.views, card.actions, card.seed) == (8, 32, 24, 2 << 40)
    assert (card.data_hash, card.optics, card.split) == (world.data_hash, world.optics, "test")
    assert card.options == {"count": 8, "size": 32, "fovea": 8}
    assert card.versions["torch"] == torch.__version__
    assert card.licence.startswith("MIT")
    assert "the policy 'uniform'" in (out / "README.md").read_text()


def test_every_format_holds_the_same_episodes(saccadeworld, tmp_path, small_chunks):
    minari, webdataset = (pytest.importorskip(name) for name in ("minari", "webdataset"))
    out = tmp_path / "out"
    options = "--task search --max-steps 3 --task-options tolerance 0.3 --formats hdf5 minari webdataset --episodes 5"
    assert saccadeworld("record --out", out, WORLD, options).code == 0
    recorded = columns(out)
    shards = [str(path) for path in sorted((out / "shards").iterdir())]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode())
    data_set = minari.MinariDataset(out / "minari" / "saccadeworld" / "images-search-v0" / "data")
    env = data_set.recover_environment()
    assert len(samples) == len(data_set) == len(recorded["ep_len"]) == 5
    for i, (sample, episode) in enumerate(zip(samples, data_set, strict=True)):
        rows = slice(recorded["ep_offset"][i], recorded["ep_offset"][i] + recorded["ep_len"][i])
        assert np.array_equal(sample["pixels.npy"], recorded["pixels"][rows])
        assert np.array_equal(episode.observations["glimpse"].transpose(0, 2, 3, 1), recorded["pixels"][rows])
        assert np.array_equal(episode.rewards, recorded["reward"][rows][1:])
        assert np.array_equal(sample["action.npy"][:-1], episode.actions)
        seen, _ = env.reset(seed=i)
        assert np.array_equal(seen["goal"], episode.observations["goal"][0])
    assert Card.read(out).task == {"task": "search", "max_episode_steps": 3, "tolerance": 0.3}


def test_planners_and_agents_look_around_too(saccadeworld, tmp_path, model):
    learn = "--steps 64 --rows 2 --max-steps 3 --network 8 --evaluation-episodes 4 --options n_steps 16 batch_size 16"
    assert saccadeworld("train-agent --out", tmp_path / "a", "--model", model, WORLD, learn).code == 0
    agent = tmp_path / "a" / "agent"
    for name, options, moves in (
        ("explore", "--collector explore --model MODEL", "a planner that explores"),
        ("explore search", "--collector explore --model MODEL --task search --max-steps 2", "a planner that explores"),
        ("searches", "--collector search --model MODEL --task search --max-steps 2", "a planner that searches"),
        ("looks", "--collector AGENT", "the agent in"),
        ("answers", "--collector AGENT --task recognition", "the agent in"),
    ):
        words = options.replace("MODEL", str(model)).replace("AGENT", str(agent))
        result = saccadeworld("record --out", tmp_path / name, WORLD, "--episodes 4", words)
        assert result.code == 0, result.err
        assert Card.read(tmp_path / name).policy.startswith(moves)
    assert Card.read(tmp_path / "answers").task["actions"] == "discrete"
    wrong = saccadeworld("record --out", tmp_path / "no", WORLD, "--collector", agent, "--task search")
    assert_refused(wrong, "--task search: the agent in")
    refused = saccadeworld("record --out", tmp_path / "no", WORLD, "--collector explore")
    assert_refused(refused, "give the folder of a checkpoint by --model")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ("--formats minari", "name its --task"),
        ("--formats", "--formats names none: choose hdf5, minari, webdataset, or several"),
        ("--task-options actions discrete", "are for a task: name it by --task"),
        ("--max-steps 3", "are for a task: name it by --task"),
        ("--episodes 0", "--episodes=0"),
        ("--length 1", "--length=1"),
        ("--shard-megabytes 0", "--shard-megabytes=0"),
        ("--seed -1", "seed=-1"),
        ("--policy elsewhere", "policy='elsewhere' is not known"),
        ("--policy uniform --collector explore", "only one of them can move"),
        ("--model nowhere", "is for --collector explore"),
        ("--task search --task-options actions discrete --policy uniform", "use actions='box'"),
        ("--task path-integration --max-steps 2", "max_episode_steps=2"),
        ("--task search --task-options speed 3", "speed"),
        ("--episodes 1000000000000", "GB until they are put together"),
        ("--resume", "give only --out with it"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(saccadeworld, tmp_path, options, match):
    pytest.importorskip("minari")
    assert_refused(saccadeworld("record --out", tmp_path / "out", WORLD, options), match)
    assert not (tmp_path / "out").exists()


def test_a_missing_package_is_named_before_any_work(saccadeworld, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert_refused(saccadeworld("record --out", tmp_path / "out", WORLD), "pip install 'saccadeworld[record]'")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named(saccadeworld, tmp_path):
    (tmp_path / "file").touch()
    assert_refused(saccadeworld("record --out", tmp_path / "file" / "out", WORLD), "cannot be written")


@pytest.mark.parametrize("name", ["data.h5", "README.md"])
def test_what_lies_in_its_folder_is_not_taken_for_its_own(saccadeworld, tmp_path, name):
    (tmp_path / name).write_text("mine")
    assert_refused(saccadeworld("record --out", tmp_path, WORLD), f"holds {name}: add --resume")
    assert (tmp_path / name).read_text() == "mine"


# --- interrupted and resumed -----------------------------------------------------------------------------------------


def test_killed_at_any_moment_it_goes_on_to_the_same_content(saccadeworld, tmp_path, monkeypatch):
    """In processes that are killed outright at random moments, the later ones while it is put together."""
    pytest.importorskip("webdataset")
    monkeypatch.setattr(recorders, "_CHUNK_BYTES", 20_000)
    out, straight = tmp_path / "killed", tmp_path / "straight"
    options = f"{WORLD} --episodes 100 --formats hdf5 webdataset --task search --max-steps 4 --shard-megabytes 1"
    moments = random.Random(0)
    counts = []
    while not (out / "card.json").exists() and len(counts) < 6:
        child = os.fork()
        if child == 0:
            saccadeworld("record --out", out, "--resume" if (out / "run.json").exists() else options)
            os._exit(0)
        there, patience = len(list(out.glob("chunks/[0-9]*"))), time.monotonic() + 20
        while len(list(out.glob("chunks/[0-9]*"))) == there < 10 and time.monotonic() < patience:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.1) if counts else 0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts.append(len(list(out.glob("chunks/[0-9]*"))))
    assert counts[0] < 10, "the first was killed while it recorded"
    assert saccadeworld("record --out", out, "--resume").code == 0
    assert saccadeworld("record --out", straight, options).code == 0
    assert contents(out) == contents(straight)
    assert {path.name for path in out.iterdir()} == {path.name for path in straight.iterdir()}


@pytest.mark.parametrize("moment", ["write_hdf5", "write_webdataset", "content_hash", "view_statistics"])
def test_killed_while_it_is_put_together_it_goes_on(saccadeworld, tmp_path, small_chunks, monkeypatch, moment):
    pytest.importorskip("webdataset")
    options = "--episodes 7 --formats hdf5 webdataset"

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(record, moment, killed)
        stopped = saccadeworld("record --out", tmp_path / "out", WORLD, options)
    assert stopped.code == 130
    assert f"to go on: saccadeworld record --out {tmp_path / 'out'} --resume" in stopped.out
    (tmp_path / "out" / ".new-data.h5").touch()  # which a kill leaves
    assert_refused(saccadeworld("record --out", tmp_path / "out", WORLD, options), "add --resume to go on with it")
    assert saccadeworld("record --out", tmp_path / "out", "--resume").code == 0
    assert saccadeworld("record --out", tmp_path / "straight", WORLD, options).code == 0
    (tmp_path / "out" / ".new-data.h5").unlink(missing_ok=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def test_a_finished_recording_stays_as_it_is(saccadeworld, tmp_path):
    out = tmp_path / "out"
    saccadeworld("record --out", out, WORLD, "--episodes 4")
    before = contents(out)
    again = saccadeworld("record --out", out, "--resume")
    assert (again.code, again.out) == (0, f"the recording in {out} is complete\n")
    assert contents(out) == before


def test_scenes_that_have_changed_since_are_refused(saccadeworld, tmp_path, picture_folder, small_chunks, monkeypatch):
    out, pictures = tmp_path / "out", picture_folder("cat/1 cat/2 cat/3 dog/1 dog/2 dog/3")
    words = f"--world.source {pictures} --world.options size 32 fovea 8 --episodes 7"

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(record, "write_hdf5", killed)
        saccadeworld("record --out", out, words)
    shutil.copy(pictures / "cat" / "1.png", pictures / "dog" / "1.png")
    assert_refused(saccadeworld("record --out", out, "--resume"), "was recorded of other scenes")


def test_a_full_disk_loses_no_finished_chunk(saccadeworld, tmp_path, small_chunks, files_of_at_most):
    out, straight = tmp_path / "out", tmp_path / "straight"
    options = "--episodes 40"
    assert saccadeworld("record --out", straight, WORLD, options).code == 0
    with files_of_at_most(20_000):
        result = saccadeworld("record --out", out, WORLD, options)
    assert_refused(result, "data.h5 cannot be written: File too large")
    assert len(list((out / "chunks").iterdir())) == 14
    assert {path.name for path in out.iterdir()} == {"chunks", "run.json"}
    assert saccadeworld("record --out", out, "--resume").code == 0
    assert contents(out) == contents(straight)


def test_memory_does_not_grow_with_the_number_of_episodes(saccadeworld, tmp_path, small_chunks, monkeypatch):
    """However many chunks there are, few are alive at a time."""
    alive: set[int] = set()
    most = made = 0
    create = Chunk.__init__

    def watched(chunk: Chunk, *arguments) -> None:
        nonlocal most, made
        create(chunk, *arguments)
        made += 1
        alive.add(made)
        weakref.finalize(chunk, alive.discard, made)
        most = max(most, len(alive))

    monkeypatch.setattr(Chunk, "__init__", watched)
    assert saccadeworld("record --out", tmp_path / "out", WORLD, "--episodes 60").code == 0
    assert made == 60, "20 are recorded, read to be put together and read for their hash"
    assert most <= 3


# --- training on it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "place"), [("hdf5", ""), ("webdataset", "shards")])
def test_training_on_it_equals_training_in_the_world(saccadeworld, tmp_path, format, place):
    """From the command line, to the last bit of the weights: 5 steps of 4 episodes are the 20 that were recorded."""
    options = f"--episodes 20 --length 3 --seed 6 --formats {format}"
    assert saccadeworld("record --out", tmp_path / "r", WORLD, options).code == 0
    steps = f"{ENCODER} {TRAINING} --training.steps 5 --training.length 3 --training.seed 6"
    assert saccadeworld("train --out", tmp_path / "live", WORLD, steps).code == 0
    result = saccadeworld("train --out", tmp_path / "read", "--data", tmp_path / "r" / place, steps)
    assert result.code == 0, result.err
    live, read = (load_file(tmp_path / run / "model" / "model.safetensors") for run in ("live", "read"))
    assert live.keys() == read.keys()
    assert [name for name in live if not torch.equal(live[name], read[name])] == []
    live, read = (json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("live", "read"))
    assert live["metrics"]["training/loss"] == read["metrics"]["training/loss"]
    assert read["data"] == live["data"] | {"recording": Card.read(tmp_path / "r").content_hash}
    config = [(tmp_path / run / "model" / "config.json").read_text() for run in ("live", "read")]
    assert config[0] == config[1]


def test_it_goes_on_with_its_recording(saccadeworld, tmp_path, monkeypatch):
    """Ctrl-C at the fourth of eight steps over six episodes, so that passes lie on both sides."""
    assert saccadeworld("record --out", tmp_path / "r", WORLD, "--episodes 6").code == 0
    words = f"{ENCODER} {TRAINING} --data {tmp_path / 'r'} --training.steps 8"
    assert saccadeworld("train --out", tmp_path / "straight", words).code == 0

    def interrupt(trainer: Trainer) -> Rollout:
        if trainer.step == 3:
            signal.raise_signal(signal.SIGINT)
        return collect(trainer)

    collect = Trainer.collect
    with monkeypatch.context() as context:
        context.setattr(Trainer, "collect", interrupt)
        assert saccadeworld("train --out", tmp_path / "stopped", words).code == 130
    checkpoint = tmp_path / "stopped" / "model"
    shutil.copytree(checkpoint, tmp_path / "kept")
    assert saccadeworld("train --out", tmp_path / "stopped", "--resume").code == 0
    straight, stopped = (load_file(tmp_path / run / "model" / "model.safetensors") for run in ("straight", "stopped"))
    assert [name for name in straight if not torch.equal(straight[name], stopped[name])] == []

    shutil.rmtree(tmp_path / "r")
    objects = "--world.name objects --world.options count 3 size 12 --episodes 4"
    assert saccadeworld("record --out", tmp_path / "r", objects).code == 0
    shutil.rmtree(checkpoint)
    (tmp_path / "kept").rename(checkpoint)
    refused = saccadeworld("train --out", tmp_path / "stopped", "--resume")
    assert_refused(refused, "the model takes actions of 2 numbers, the world 'objects' has 4")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ("--world.name objects", "--world was chosen when"),
        ("--collector explore", "--collector was chosen when"),
        ("--training.policy uniform", "--training.policy was chosen when"),
        ("--training.length 5", "the longest episode of"),
    ],
)
def test_what_a_recording_does_not_heed_is_refused(saccadeworld, tmp_path, options, match):
    assert saccadeworld("record --out", tmp_path / "r", WORLD, "--episodes 4").code == 0
    words = f"--data {tmp_path / 'r'} {ENCODER} {TRAINING} --training.steps 2"
    assert_refused(saccadeworld("train --out", tmp_path / "run", words, options), match)
    assert not (tmp_path / "run").exists()
    nothing = saccadeworld("train --out", tmp_path / "run", "--data", tmp_path, ENCODER)
    assert_refused(nothing, "is no recording, which `saccadeworld record --out DIR` leaves")


@pytest.mark.slow
@pytest.mark.parametrize("source", ["images/caltech20", "meshes/quaternius_cc0"])
def test_real_pictures_and_meshes_are_recorded(saccadeworld, data_folder, tmp_path, source):
    name = {"images": "images", "meshes": "objects"}[source.split("/")[0]]
    words = f"--world.name {name} --world.source {data_folder / source} --episodes 20"
    assert saccadeworld("record --out", tmp_path / "out", words).code == 0
    card = Card.read(tmp_path / "out")
    assert len(card.classes) in (20, 21)
    assert ("CC0" in card.licence) == (name == "objects")
    assert columns(tmp_path / "out")["pixels"].std() > 10
