import copy
import json
import math
import re
import shutil
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.recording import Recording
from saccadeworld.envs.rollout import Rollout
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import World
from saccadeworld.scripts.acting import Acting
from saccadeworld.scripts.options import WorldOptions
from saccadeworld.scripts.record import Record
from saccadeworld.seqjepa import training
from saccadeworld.seqjepa.ema import ema_rate
from saccadeworld.seqjepa.episode_seeds import first_episode
from saccadeworld.seqjepa.initial_model import initial_model
from saccadeworld.seqjepa.training import DivergedError, Interrupted, Trainer, TrainingConfig, _compiled
from tiny import tiny_model, tiny_world

CONFIG = {"steps": 6, "batch_size": 8, "length": 3, "log_every": 1, "learning_rate": 1e-3, "warmup": 0.3}

pytestmark = pytest.mark.usefixtures("one_thread")


def tiny_trainer(model=None, **options) -> Trainer:
    return Trainer(model or tiny_model(), tiny_world(), TrainingConfig(**CONFIG | options))


def stop_at(step: int):
    """A report that presses Ctrl-C at a step."""

    def report(trainer: Trainer) -> None:
        if trainer.step == step:
            signal.raise_signal(signal.SIGINT)

    return report


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_steps_equal_those_of_a_plain_loop():
    """Rollouts, loss, clipping, AdamW, its schedule, and the target, against their textbook forms, without fusing."""
    trainer = tiny_trainer(tiny_model(dropout=0.0), bf16=False, clip=0.5, ema=0.9, weight_decay=0.9)
    model, world = copy.deepcopy(trainer.model), tiny_world()
    start = copy.deepcopy(model)
    trainer.run()

    model.train()
    learned = dict(model.encoder.named_parameters(prefix="encoder"))
    learned |= {name: p for name, p in model.named_parameters() if not name.startswith(("encoder", "target"))}
    first, second = ({name: torch.zeros_like(p) for name, p in learned.items()} for _ in range(2))
    for step in range(6):
        progress = step / 6
        rate = 1e-3 * (0.025 + 0.975 * progress / 0.3)
        if progress >= 0.3:
            rate = 1e-3 * (0.025 + 0.975 * (1 + math.cos(math.pi * (progress - 0.3) / 0.7)) / 2)
        loss = model.loss(world.rollout(8, 3, seed=8 * step))
        gradients = dict(zip(learned, torch.autograd.grad(loss, learned.values()), strict=True))
        norm = torch.cat([g.flatten() for g in gradients.values()]).norm()
        with torch.no_grad():
            for name, p in learned.items():
                g = gradients[name] * min(1.0, 0.5 / (norm + 1e-6))
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g * g
                p *= 1 - rate * (0.9 if p.ndim > 1 else 0)
                unbiased = (second[name] / (1 - 0.999 ** (step + 1))).sqrt()
                p -= rate * first[name] / (1 - 0.9 ** (step + 1)) / (unbiased + 1e-8)
            tau = 1 - 0.1 * (math.cos(math.pi * progress) + 1) / 2
            for target, online in zip(model.target_encoder.parameters(), model.encoder.parameters(), strict=True):
                target.copy_(tau * target + (1 - tau) * online)
        assert trainer.history[step]["gradient_norm"] == pytest.approx(norm.item(), rel=1e-3)
        assert trainer.history[step]["learning_rate"] == pytest.approx(rate)
        assert trainer.history[step]["loss"] == pytest.approx(loss.item(), rel=1e-3)
    # Adam turns the rounding of a gradient near zero into a step as large as any other: single weights may differ.
    ours, theirs = (
        torch.cat([(p - q).flatten() for p, q in zip(m.parameters(), start.parameters(), strict=True)])
        for m in (trainer.model, model)
    )
    assert (ours - theirs).norm() < 0.01 * theirs.norm()


def test_it_learns():
    """The prediction gets better, which the cosine of a collapsed encoder would too: the embeddings stay spread."""
    options = {"learning_rate": 3e-3, "ema": 0.9, "policy": "uniform", "batch_size": 32}
    trainer = tiny_trainer(tiny_model(regulariser_weight=0.5), steps=80, **options)
    trainer.run()
    losses = [entry["prediction"] for entry in trainer.history]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    assert trainer.history[-1]["spread"] > 0.5


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("bf16", [True, False], ids=["bf16", "fp32"])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, stop, bf16):
    straight = tiny_trainer(tiny_model(dropout=0.3), bf16=bf16)
    straight.run()
    stopped = tiny_trainer(tiny_model(dropout=0.3), bf16=bf16)
    with pytest.raises(Interrupted):
        stopped.run(tmp_path / "model", stop_at(stop))
    torch.manual_seed(12345)  # what else goes on in the process must not matter
    resumed = Trainer.resume(tmp_path / "model", tiny_world())
    assert resumed.step == stop
    resumed.run()
    assert resumed.step == straight.step == 6
    assert resumed.config == straight.config
    assert_same_tensors(resumed.model.state_dict(), straight.model.state_dict())
    for left, right in zip(resumed.model.parameters(), straight.model.parameters(), strict=True):
        assert_same_tensors(resumed.optimiser.state[left], straight.optimiser.state[right])
    without_time = [[{**entry, "seconds": 0} for entry in t.history] for t in (resumed, straight)]
    assert without_time[0] == without_time[1]


def assert_same_tensors(left: dict, right: dict) -> None:
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_steps_and_seeds_see_episodes_of_their_own():
    """Also the dropout of a step is its own: the same weights on the same batch lose something else."""
    seen, world = [], tiny_world()
    rollout = world.rollout

    def noted(batch_size, length, policy, seed):
        seen.append((seed, seed + batch_size))
        return rollout(batch_size, length, policy, seed)

    world.rollout = noted
    for seed in (0, 1):
        Trainer(tiny_model(), world, TrainingConfig(**CONFIG | {"seed": seed})).run()
    seen.sort()
    assert len(seen) == 12
    assert all(end <= start for (_, end), (start, _) in pairwise(seen))
    assert seen[0][0] == first_episode("training", 0)


def test_ranks_have_randomness_of_their_own(monkeypatch):
    """By the lower half of its seed, which is all that the generator of a CPU takes."""
    drawn = []

    def note(episodes):
        if episodes.step == 0:
            drawn.append(torch.rand(()).item())
        return trainer.world.policies["uniform"](episodes)

    for number in range(5):
        monkeypatch.setattr(training, "rank", lambda number=number: number)
        trainer = tiny_trainer()
        trainer.collector = note
        trainer.run()
    assert len(set(drawn)) == len(drawn) == 5 * 6


def test_a_collector_moves_in_place_of_the_policy():
    """And sees the model as it is by then, in the middle of training."""
    trainer, weights = tiny_trainer(), []

    def collector(episodes):
        assert trainer.model.training
        weights.append(trainer.model.encoder.conv1.weight.detach().clone())
        return trainer.world.policies["uniform"](episodes)

    trainer.collector = collector
    trainer.run()
    assert len(weights) == 6 * 3
    assert not torch.equal(weights[0], weights[-1])
    named = tiny_trainer(policy="uniform")
    named.run()
    assert all(torch.equal(*pair) for pair in zip(trainer.model.parameters(), named.model.parameters(), strict=True))


@pytest.mark.parametrize("sizes", [(5, 3), (1, 7), (2, 2, 4)], ids=str)
def test_a_batch_is_the_same_however_it_is_split(sizes):
    world, first = tiny_world(), first_episode("training", 3, 100)
    whole = world.rollout(8, 3, "saliency", first)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    parts = [world.rollout(size, 3, "saliency", first + start) for size, start in zip(sizes, starts, strict=True)]
    for name in ("views", "actions", "scenes", "labels"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name)), name


def test_the_target_moves_by_the_schedules_rate():
    trainer = tiny_trainer(ema=0.75)
    before = [p.clone() for p in trainer.model.target_encoder.parameters()]
    trainer.config = TrainingConfig(**CONFIG | {"ema": 0.75, "steps": 1})
    trainer.run()
    online = trainer.model.encoder.parameters()
    for old, new, weights in zip(before, trainer.model.target_encoder.parameters(), online, strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * weights)
    assert ema_rate(0.0, 0.75) == 0.75


def test_the_mode_is_train_while_running_and_eval_afterwards():
    trainer, modes = tiny_trainer(), []
    trainer.run(report=lambda t: modes.append(t.model.training))
    assert modes == [True] * 6
    assert not trainer.model.training


def test_the_log_has_its_interval_and_always_the_last_step():
    trainer, reported = tiny_trainer(steps=7, log_every=3), []
    trainer.run(report=lambda t: reported.append(t.step))
    assert reported == [3, 6, 7]
    assert [entry["step"] for entry in trainer.history] == reported
    assert all(math.isfinite(value) for entry in trainer.history for value in entry.values())


def test_checkpoints_have_their_interval(tmp_path):
    saved, folder = [], tmp_path / "model"

    def report(_) -> None:
        if folder.exists():
            saved.append(json.loads((folder / "training.json").read_text())["step"])

    tiny_trainer(save_every=2).run(folder, report)
    assert saved == [2, 2, 4, 4]
    assert json.loads((folder / "training.json").read_text())["step"] == 6
    assert not list(tmp_path.glob(".*")), "nothing temporary is left"


def test_a_budget_in_minutes_counts_the_users_time():
    trainer = tiny_trainer(steps=None, minutes=0.9 / 60)
    start = time.perf_counter()
    trainer.run(report=lambda _: time.sleep(0.2))
    taken = time.perf_counter() - start
    assert 0.9 <= taken < 4.0, "uncounted, a dozen seconds of sleep go by"
    assert trainer.seconds == pytest.approx(taken, abs=0.5)
    assert trainer.step <= 6
    rates = [entry["learning_rate"] for entry in trainer.history]
    assert rates[-1] < 0.5 * max(rates), "the cosine acts in time too"


def test_the_time_of_the_first_part_counts_in_the_second(tmp_path):
    trainer = tiny_trainer(steps=None, minutes=1.2 / 60)

    def stop_after(trainer: Trainer) -> None:
        if trainer.seconds > 0.8:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        trainer.run(tmp_path / "model", stop_after)
    resumed = Trainer.resume(tmp_path / "model", tiny_world())
    start = time.perf_counter()
    resumed.run()
    assert 0 < time.perf_counter() - start < 1.1, "uncounted, it takes 1.2 again"
    assert resumed.seconds >= 1.2


@pytest.mark.parametrize("log_every", [1, 100])
def test_weights_that_diverged_do_not_replace_sound_ones(tmp_path, log_every):
    trainer = tiny_trainer(steps=2, log_every=log_every)
    trainer.run(tmp_path / "model")
    sound = contents(tmp_path / "model")
    trainer.config = TrainingConfig(**CONFIG | {"log_every": log_every, "save_every": 1})
    trainer.model.predictor.output.bias.data.fill_(math.nan)
    with pytest.raises(DivergedError, match=r"nan at step 3; lower learning_rate=0\.001"):
        trainer.run(tmp_path / "model")
    assert contents(tmp_path / "model") == sound


def test_a_step_that_makes_weights_infinite_is_not_saved(tmp_path):
    """Its loss, which is that of the weights before it, was still a number."""
    trainer = tiny_trainer(steps=2)
    trainer.run(tmp_path / "model")
    sound = contents(tmp_path / "model")
    trainer.config = TrainingConfig(**CONFIG | {"steps": 3, "save_every": 1, "log_every": 100})
    step = trainer.optimiser.step

    def too_far() -> None:
        step()
        trainer.model.predictor.output.bias.data[0] = math.inf

    trainer.optimiser.step = too_far
    kept = f"the last good checkpoint is {tmp_path / 'model'}, of step 2"
    with pytest.raises(DivergedError, match=rf"a weight is not finite at step 3; lower .*; {re.escape(kept)}"):
        trainer.run(tmp_path / "model")
    assert contents(tmp_path / "model") == sound


def test_who_diverges_is_told_which_checkpoint_is_left(tmp_path):
    with pytest.raises(DivergedError, match="there is no checkpoint from before"):
        tiny_trainer(steps=50, learning_rate=1e30).run(tmp_path / "model")
    tiny_trainer(steps=2).run(tmp_path / "model")
    resumed = Trainer.resume(tmp_path / "model", tiny_world())
    resumed.config = TrainingConfig(**CONFIG)
    resumed.model.predictor.output.bias.data.fill_(math.nan)
    with pytest.raises(DivergedError, match=r"nan at step 3.*the last good checkpoint is .*model, of step 2"):
        resumed.run(tmp_path / "model")


def test_a_learning_rate_out_of_all_proportion_is_told():
    for bf16, remedy in ((False, "clip=1.0; there"), (True, "clip=1.0, or switch bf16 off; there")):
        with pytest.raises(DivergedError, match=rf"lower learning_rate=1e\+30 or {re.escape(remedy)}"):
            tiny_trainer(steps=50, learning_rate=1e30, bf16=bf16).run()


def test_a_model_for_another_world_is_refused():
    with pytest.raises(ValueError, match="actions of 4 numbers, the world 'images' has 2"):
        tiny_trainer(tiny_model(action_dim=4))


def test_a_checkpoint_of_another_world_is_not_resumed(tmp_path):
    tiny_trainer(steps=1).run(tmp_path / "model")
    world = tiny_world()
    world.action_dim = 4
    with pytest.raises(ValueError, match="actions of 2 numbers, the world 'images' has 4"):
        Trainer.resume(tmp_path / "model", world)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("training.json", None, FileNotFoundError, "no training to go on with"),
        ("optimiser.safetensors", None, FileNotFoundError, "no training to go on with"),
        ("training.json", b"{", ValueError, "not valid JSON"),
        ("training.json", b"[]", ValueError, "not what a training leaves"),
        ("training.json", b"{}", ValueError, "not what a training leaves: it lacks 'training'"),
        ("training.json", b'{"training": {"speed": 3}}', ValueError, "not what a training leaves.*speed"),
        (
            "training.json",
            b'{"training": {}, "step": "1", "seconds": 0, "history": []}',
            ValueError,
            r"training.json is not what a training leaves: step='1' is not a whole number",
        ),
        ("optimiser.safetensors", b"{", ValueError, "not a readable safetensors file"),
        ("model.safetensors", None, FileNotFoundError, "not a checkpoint"),
    ],
)
def test_a_damaged_checkpoint_is_not_resumed(finished, tmp_path, name, content, error, message):
    folder = tmp_path / "model"
    shutil.copytree(finished, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(error, match=message):
        Trainer.resume(folder, tiny_world())


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "model"
    tiny_trainer(steps=1).run(folder)
    return folder


@pytest.mark.parametrize(
    "options",
    [
        {"steps": None},
        {"minutes": 1.0},
        {"steps": 0},
        {"steps": None, "minutes": math.nan},
        {"batch_size": 1},
        {"length": 1},
        {"learning_rate": -1.0},
        {"learning_rate": math.inf},
        {"warmup": 1.0},
        {"ema": 1.5},
        {"weight_decay": math.nan},
        {"clip": 0.0},
        {"seed": -1},
        {"log_every": 0},
        {"save_every": 0},
        {"compile": "max"},
        {"compile": 1},
        {"steps": 1.5},
        {"batch_size": "32"},
        {"bf16": "no"},
        {"sync_batch_norm": 0},
        {"seed": 0.5},
        {"policy": 3},
    ],
    ids=str,
)
def test_impossible_configurations_are_refused(options):
    with pytest.raises((TypeError, ValueError), match="|".join(options)):
        TrainingConfig(**options)


def test_compiling_without_a_compiler_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match=r"needs a C\+\+ compiler on the CPU: install g\+\+"):
        tiny_trainer(tiny_model(), compile=True)


def test_cuda_graphs_are_asked_for_by_the_same_option(monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "compile", lambda loss_parts, **options: asked.append(options) or loss_parts)
    model = tiny_model()
    for how in (False, True, "reduce-overhead"):
        assert _compiled(model.loss_parts, how, torch.device("cuda")) == model.loss_parts
    assert asked == [{}, {"mode": "reduce-overhead"}]
    with pytest.raises(ValueError, match=r"compile='reduce-overhead' records CUDA graphs, .* use compile=True"):
        tiny_trainer(tiny_model(), compile="reduce-overhead")


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"prediction": "prefixes", "regulariser_weight": 0.1}], ids=str)
def test_training_in_graphs_equals_the_uncompiled(options, monkeypatch):
    """Forwards and backwards in one graph each, traced once for all steps, but run by plain operations."""
    compiler = torch.compile
    once = {"backend": "aot_eager", "fullgraph": True, "dynamic": False}
    monkeypatch.setattr(torch, "compile", lambda loss_parts: compiler(loss_parts, **once))
    torch._dynamo.reset()
    models = [tiny_model(dropout=0.0, **options) for _ in range(2)]
    trainers = [tiny_trainer(model, bf16=False, compile=how) for model, how in zip(models, (False, True), strict=True)]
    with torch._dynamo.config.patch(error_on_recompile=True):
        for trainer in trainers:
            trainer.run()
    plain, compiled = ([entry["loss"] for entry in trainer.history] for trainer in trainers)
    assert compiled == pytest.approx(plain, rel=1e-5)
    for got, expected in zip(trainers[1].model.parameters(), trainers[0].model.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_by_cuda_graphs_equals_the_uncompiled():
    trainers = []
    for how in (False, "reduce-overhead"):
        config = TrainingConfig(steps=6, batch_size=4, log_every=1, bf16=False, compile=how)
        trainers.append(Trainer(tiny_model(dropout=0.0), tiny_world(device="cuda"), config))
    for trainer in trainers:
        trainer.run()
    plain, compiled = ([entry["loss"] for entry in trainer.history] for trainer in trainers)
    assert compiled == pytest.approx(plain, rel=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++", "c++"))), reason="torch.compile needs a C++ compiler")
def test_compiled_training_equals_the_uncompiled():
    trainers = [tiny_trainer(tiny_model(dropout=0.0), bf16=False, compile=compile) for compile in (False, True)]
    for trainer in trainers:
        trainer.run()
    plain, compiled = ([entry["loss"] for entry in trainer.history] for trainer in trainers)
    assert compiled == pytest.approx(plain, rel=1e-3)


def play_at_random(world: World, rows: int, length: int, seed: int) -> Rollout:
    """Episodes of free viewing that the environment gives to somebody who acts at random."""
    env = SaccadeWorldVectorEnv(rows, world=world, task="free-viewing", output="torch")
    seen, _ = env.reset(seed=seed)
    observations = [seen]
    for _ in range(length - 1):
        seen, *_ = env.step(act_at_random(env, seen))
        observations.append(seen)
    views, poses = (torch.stack([seen[key] for seen in observations], dim=1) for key in ("glimpse", "fixation"))
    return Rollout(views, poses, poses.diff(dim=1), world.labels[env.rows.scenes], env.rows.scenes)


@pytest.mark.parametrize(("format", "task"), [("hdf5", None), ("webdataset", None), ("minari", "free-viewing")])
def test_on_a_recording_it_is_bit_for_bit_the_training_on_live_episodes(tmp_path, monkeypatch, format, task):
    """Episodes that `saccadeworld record` wrote with the training's seed and length, as many as it needs.

    Compared are losses, gradients and weights of two trainings: one makes its episodes, the other reads them. Those of
    rollouts are of one policy; those of a task are played by its environment.
    """
    for name in ("h5py", "minari", "webdataset"):
        pytest.importorskip(name)
    options = {"count": "8", "size": "32", "fovea": "8"}
    policy = "uniform" if task is None else None
    acting = Acting(task=task, policy=policy, max_steps=None if task is None else 2)
    world = WorldOptions(options=options)
    Record(tmp_path / "r", 48, (format,), world, acting=acting, length=3, seed=5).run()
    live = make_world("images", count=8, size=32, fovea=8)
    trainers = []
    for experience, moves in ((live, policy), (Recording(tmp_path / "r"), None)):
        training = TrainingConfig(**CONFIG, seed=5, policy=moves)
        model = initial_model("seq-jepa", experience, training, encoder="small", encoder_width=4, layers=1)
        trainers.append(Trainer(model, experience, training))
    if task is not None:
        monkeypatch.setattr(live, "rollout", lambda rows, length, _, seed: play_at_random(live, rows, length, seed))
    for trainer in trainers:
        trainer.run()
    ours, theirs = trainers
    assert ours.model.config == theirs.model.config
    assert [{**entry, "seconds": 0} for entry in ours.history] == [{**entry, "seconds": 0} for entry in theirs.history]
    state = theirs.model.state_dict()
    assert [name for name, value in ours.model.state_dict().items() if not torch.equal(value, state[name])] == []
