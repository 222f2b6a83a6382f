"""What holds for every baseline: its face, its files, its training, its probes, whatever its loss."""

import json
import math

import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.baselines import BASELINES, make_baseline
from saccadeworld.seqjepa.evaluation import EvaluationConfig, evaluate
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.methods import METHODS, load_model
from saccadeworld.seqjepa.training import Interrupted, Trainer, TrainingConfig
from test_devices import PRETENDED, capturable, pretend
from test_training import assert_same_tensors, stop_at
from tiny import CLASSES, tiny_model, tiny_pictures, tiny_world
from tiny_baselines import SMALL, tiny_baseline, tiny_batch
from torch._subclasses.fake_tensor import FakeTensorMode

pytestmark = pytest.mark.usefixtures("one_thread")

every_baseline = pytest.mark.parametrize("name", BASELINES)


def trainer(name: str, **options) -> Trainer:
    config = {"steps": 5, "batch_size": 8, "length": 3, "log_every": 1, "bf16": False}
    return Trainer(tiny_baseline(name), tiny_world(), TrainingConfig(**config | options))


def test_methods_are_known_by_their_names():
    assert METHODS.keys() == {"seq-jepa", *BASELINES}
    assert all(METHODS[name].Config.method == name for name in METHODS)
    assert BASELINES.keys() == SMALL.keys(), "each has small sizes for these tests"


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="the baseline 'moco' is unknown; choose one of 'simclr', 'byol'"):
        make_baseline("moco", 2)


@every_baseline
def test_embeddings_are_those_of_seq_jepas_encoder(name):
    """Same architecture, same normalisation of pixels."""
    statistics = {"mean": (0.1, 0.2, 0.3), "std": (0.9, 0.8, 0.7)}
    baseline, model = tiny_baseline(name, **statistics).eval(), tiny_model(**statistics).eval()
    baseline.encoder.load_state_dict(model.encoder.state_dict())
    views = tiny_batch().views
    assert baseline.config.embedding_dim == 16
    assert torch.equal(baseline.encode(views), model.encode(views))
    torch.testing.assert_close(baseline.encode(views[2, 1]), model.encode(views)[2, 1])


@every_baseline
def test_the_loss_has_a_gradient_and_its_parts_have_none(name):
    model, batch = tiny_baseline(name), tiny_batch()
    parts = model.loss_parts(batch)
    assert all(part.shape == () and part.dtype == torch.float32 for part in parts.values())
    assert [part for part, value in parts.items() if value.requires_grad] == ["loss"]
    assert 0 <= parts["spread"] < 1.5
    torch.testing.assert_close(model.loss(batch), parts["loss"])


@every_baseline
def test_every_weight_learns_but_those_of_targets(name):
    model = tiny_baseline(name)
    for module in model.modules():  # residual blocks begin as shortcuts, which starves what is inside
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight, 1, 0.1)
    model.loss(tiny_batch()).backward()
    for parameter, weights in model.named_parameters():
        if parameter.startswith("target"):
            assert not weights.requires_grad
            assert weights.grad is None
        else:
            assert weights.grad.abs().max() > 0, parameter


@every_baseline
def test_targets_follow_and_nothing_else_moves(name):
    model = tiny_baseline(name)
    with torch.no_grad():
        for parameter, weights in model.named_parameters():
            weights.add_(1.0 if parameter.startswith("target") else 0.0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.update_target(0.75)
    for key, weights in model.state_dict().items():
        expected = before[key]
        if key.startswith("target") and key in dict(model.named_parameters()):
            expected = 0.75 * expected + 0.25 * before[key.removeprefix("target_")]
        torch.testing.assert_close(weights, expected)
    for tau in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"tau=.* is out of range"):
            model.update_target(tau)


@every_baseline
def test_round_trip(tmp_path, name):
    model = tiny_baseline(name, mean=(0.1, 0.2, 0.3))
    model.loss(tiny_batch())  # statistics that are not the initial ones
    model.save(tmp_path / "model")
    for loaded in (BASELINES[name].load(tmp_path / "model"), load_model(tmp_path / "model")):
        assert type(loaded) is BASELINES[name]
        assert loaded.config == model.config
        assert_same_tensors(loaded.state_dict(), model.state_dict())
        assert not loaded.training
        assert torch.equal(loaded.encode(tiny_batch().views), model.eval().encode(tiny_batch().views))
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors"]
    assert json.loads((tmp_path / "model" / "config.json").read_text())["method"] == name


def test_another_method_is_not_taken_for_ones_own(tmp_path):
    tiny_baseline("simclr").save(tmp_path / "simclr")
    tiny_model().save(tmp_path / "seq-jepa")
    with pytest.raises(ValueError, match="a model of the method 'simclr', expected 'seq-jepa'"):
        SeqJEPA.load(tmp_path / "simclr")
    with pytest.raises(ValueError, match="a model of the method 'seq-jepa', expected 'byol'"):
        BASELINES["byol"].load(tmp_path / "seq-jepa")
    assert isinstance(load_model(tmp_path / "seq-jepa"), SeqJEPA)


def test_a_method_that_there_is_not_is_told(tmp_path):
    tiny_baseline("simclr").save(tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"simclr"', '"moco"'))
    with pytest.raises(ValueError, match="method 'moco', expected 'seq-jepa' or 'simclr'"):
        load_model(tmp_path / "model")


def coloured_world() -> ImagesWorld:
    """Twelve pictures, each of a colour of its own under noise, which two glimpses of a picture share."""
    colours = torch.rand(12, 1, 1, 3, generator=torch.Generator().manual_seed(0))
    noisy = 0.8 * colours + 0.2 * tiny_pictures().pictures / 255
    return ImagesWorld(PictureSet((255 * noisy).to(torch.uint8), torch.arange(12) % 3, CLASSES), fovea=8)


@every_baseline
def test_training_makes_the_loss_smaller(name):
    options = {"learning_rate": 3e-3, "ema": 0.9, "policy": "uniform", "batch_size": 32}
    config = TrainingConfig(steps=60, length=3, log_every=1, bf16=False, **options)
    training = Trainer(tiny_baseline(name), coloured_world(), config)
    training.run()
    losses = [entry["loss"] for entry in training.history]
    assert sum(losses[-10:]) < 0.95 * sum(losses[:10])
    assert training.history[-1]["spread"] > 0.3, "a collapsed encoder is not what made it smaller"


@every_baseline
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, name):
    straight, stopped = trainer(name), trainer(name)
    straight.run()
    with pytest.raises(Interrupted):
        stopped.run(tmp_path / "model", stop_at(2))
    resumed = Trainer.resume(tmp_path / "model", tiny_world())
    assert type(resumed.model) is BASELINES[name]
    assert resumed.step == 2
    resumed.run()
    assert_same_tensors(resumed.model.state_dict(), straight.model.state_dict())


@every_baseline
def test_features_and_scores(name):
    world = tiny_world()
    model = tiny_baseline(name).eval()
    features = extract_features(model, world, 6, (1, 3))
    assert features.z.shape == (6, 3, 16)
    assert features.aggregates == {}
    config = EvaluationConfig(train_episodes=24, test_episodes=24, views=(1, 2), repeats=1)
    scores = evaluate(model, world, world, config)
    names = {"class/majority", "class/z", "action/relative", "action/first_pose", "action/individual"}
    assert scores.keys() == names


@every_baseline
def test_bfloat16_is_close(name):
    losses = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(tiny_baseline(name).loss(tiny_batch(32)))
    assert losses[1].dtype == torch.float32
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=0.1)


@every_baseline
def test_inputs_that_do_not_fit_are_refused(name):
    model, batch = tiny_baseline(name), tiny_batch()
    with pytest.raises(TypeError, match="views must be uint8"):
        lose(model, batch.views.int(), batch.actions)
    with pytest.raises(ValueError, match=r"views must have shape \(B, M \+ 1 >= 2, 3, H, W\)"):
        lose(model, batch.views[:, :1], batch.actions[:, :0])
    with pytest.raises(ValueError, match=r"actions must have shape \(6, 3, 2\) here, got \(6, 3, 3\)"):
        lose(model, batch.views, torch.zeros(6, 3, 3))
    with pytest.raises(ValueError, match="training needs at least 2 sequences"):
        lose(model, batch.views[:1], batch.actions[:1])


def lose(model, views, actions) -> None:
    batch = tiny_batch()
    batch.views, batch.actions = views, actions
    model.loss(batch)


@every_baseline
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder_width": 0}, "encoder_width=0 is out of range"),
        ({"std": (1.0, 0.0, 1.0)}, "std must be positive"),
        ({"action_dim": 0}, "action_dim=0 is out of range"),
        ({"speed": 3}, "has no option 'speed'; it takes 'action_dim'|has no option 'speed'; it takes 'encoder'"),
    ],
    ids=str,
)
def test_impossible_configurations_are_refused(name, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tiny_baseline(name, **options)


@pytest.mark.parametrize("widths", [(), 5, (5, 0), (5, 2.5), None], ids=str)
def test_impossible_widths_are_refused(widths):
    with pytest.raises((ValueError, TypeError), match="projector"):
        tiny_baseline("simclr", projector=widths)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match="encoder 'big' is unknown"):
        make_baseline("byol", 2, "big")


@every_baseline
def test_everything_on_a_pretended_device(name):
    """Fake tensors have no values and a device; whatever looks at a value or mixes devices raises."""
    model, mode = tiny_baseline(name), FakeTensorMode(allow_non_fake_inputs=False)
    pretend(model, mode)
    with mode:
        batch = tiny_batch()
        device = f"{PRETENDED}:0"
        batch.views = torch.zeros(6, 4, 3, 8, 8, dtype=torch.uint8, device=device)
        batch.actions = torch.ones(6, 3, 2, device=device)
        batch.poses = torch.ones(6, 4, 2, device=device)
        trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(trainable)
        parts = model.loss_parts(batch)
        parts["loss"].backward()
        optimiser.step()
        model.update_target(0.9)
        results = [*parts.values(), model.eval().encode(batch.views), model.loss(batch)]
    results += [*model.state_dict().values(), *(parameter.grad for parameter in trainable)]
    assert {tensor.device.type for tensor in results} == {PRETENDED}


@every_baseline
def test_the_loss_compiles_in_one_graph(name):
    model, batch = tiny_baseline(name), tiny_batch()
    torch._dynamo.reset()
    compiled = torch.compile(model.loss, backend=capturable, fullgraph=True)
    torch.testing.assert_close(compiled(batch), model.loss(batch))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_baseline
def test_a_training_step_on_cuda_equals_the_cpu(name):
    model, batch = tiny_baseline(name), tiny_batch(32)
    expected = model.loss(batch)
    model.cuda()
    batch.views, batch.actions, batch.poses = batch.views.cuda(), batch.actions.cuda(), batch.poses.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        loss = model.loss(batch)
        loss.backward()
        model.update_target(0.9)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(loss.cpu(), expected, rtol=1e-3, atol=1e-3)
