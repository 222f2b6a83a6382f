"""With `compatibility="official"` the model equals the released one, from its features to its gradients."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import seqjepa_reference as reference
import torch
from saccadeworld.seqjepa import SeqJEPA

RENAMED = {  # the released names, written down here a second time
    "agg_token": "aggregator.token",
    "action_proj.0.": "action_embedding.projection.",
    "action_proj.1.": "action_embedding.norm.",
    "predictor.0.": "predictor.hidden.",
    "predictor.1.": "predictor.norm.",
    "predictor.3.": "predictor.output.",
    "transformer_encoder.transformer_encoder.layers.": "aggregator.transformer.layers.",
    "transformer_encoder.norm.": "aggregator.transformer.norm.",
}


def own_name(name: str) -> str:
    for theirs, ours in RENAMED.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def make_pair(tmp_path, kind: str, dtype: torch.dtype, **options):
    """The reference's tensors and the package's model read from a file with the same tensors; dropout 0."""
    action_dim = {"saccades": 2, "rotation": 4, "rotation-colour": 6}[kind]
    state = reference.make_state(action_dim, cifar_stem=kind == "saccades", **options)
    torch.save(state, tmp_path / "released.pth")
    statistics = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
    loaded = SeqJEPA.from_official(tmp_path / "released.pth", **statistics)
    model = SeqJEPA.from_config(replace(loaded.config, dropout=0.0))
    model.load_state_dict(loaded.state_dict())
    model.to(dtype).train()
    if dtype == torch.float32:  # another memory layout rounds otherwise, and a flipped ReLU moves gradients by more
        model.to(memory_format=torch.contiguous_format)
    state = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    for name in reference.trainable(state):
        state[name].requires_grad_()
    return state, model


def make_batch(kind: str, count: int, dtype: torch.dtype, batch: int = 6) -> SimpleNamespace:
    generator = torch.Generator().manual_seed(count)
    side, action_dim = {"saccades": (8, 2), "rotation": (48, 4), "rotation-colour": (32, 6)}[kind]
    views = torch.randn(batch, count + 1, 3, side, side, generator=generator).to(dtype)
    return SimpleNamespace(views=views, actions=torch.randn(batch, count, action_dim, generator=generator).to(dtype))


def error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest difference, relative to the largest value."""
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-6)).item()


@pytest.mark.parametrize("ema", [True, False], ids=["ema", "stop-gradient"])
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("kind", ["saccades", "rotation"])
def test_features_prediction_loss_and_gradients_in_training(tmp_path, kind, count, ema):
    state, model = make_pair(tmp_path, kind, torch.float32, ema=ema)
    batch = make_batch(kind, count, torch.float32)
    expected = reference.forward(state, batch.views, batch.actions, saccades=kind == "saccades", train=True)
    expected.loss.backward()

    seen = {}
    model.aggregator.register_forward_hook(lambda module, inputs, output: seen.update(tokens=inputs[0], agg=output))
    model.predictor.register_forward_hook(lambda module, inputs, output: seen.update(prediction=output))
    loss = model.loss(batch)
    loss.backward()

    assert error(seen["tokens"][:, :, :512], expected.embeddings) < 1e-5
    assert error(seen["agg"], expected.aggregate) < 1e-5
    assert error(seen["prediction"], expected.prediction) < 1e-5
    assert abs(loss.item() - expected.loss.item()) < 1e-5
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert gradients.keys() == {own_name(name) for name in reference.trainable(state)}
    total = torch.stack([state[name].grad.norm() for name in reference.trainable(state)]).norm()
    for name in reference.trainable(state):
        difference = (gradients[own_name(name)] - state[name].grad).norm() / total
        assert difference < 1e-5, f"gradient of {name} is off by {difference:.1e}"
    for name, tensor in state.items():
        if "running_" in name:
            assert error(model.state_dict()[own_name(name)], tensor) < 1e-5, name


@pytest.mark.parametrize(("kind", "ema"), [("saccades", True), ("rotation-colour", False)])
def test_two_steps_of_training_in_double_precision(tmp_path, kind, ema):
    """Weights, target and running statistics stay equal, tensor by tensor, through optimiser and EMA steps."""
    state, model = make_pair(tmp_path, kind, torch.float64, ema=ema)
    optimiser = torch.optim.SGD([parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.1)
    for step in (1, 2):
        batch = make_batch(kind, step + 1, torch.float64, batch=4)
        names = reference.trainable(state)
        loss = reference.forward(state, batch.views, batch.actions, saccades=kind == "saccades", train=True).loss
        gradients = torch.autograd.grad(loss, [state[name] for name in names])
        with torch.no_grad():
            for name, gradient in zip(names, gradients, strict=True):
                state[name] -= 0.1 * gradient
        reference.average_target(state, tau=0.9)

        optimiser.zero_grad()
        model.loss(batch).backward()
        optimiser.step()
        model.update_target(0.9)
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            assert error(model.state_dict()[own_name(name)], tensor.detach()) < 1e-9, name


@pytest.mark.parametrize("kind", ["saccades", "rotation"])
def test_the_three_maps_in_eval_mode(tmp_path, kind):
    state, model = make_pair(tmp_path, kind, torch.float32)
    batch = make_batch(kind, 3, torch.float32)
    expected = reference.forward(state, batch.views, batch.actions, saccades=kind == "saccades", train=False)
    model.eval()
    with torch.no_grad():
        z = model.encode(batch.views)
        aggregate = model.aggregate(z[:, :-1], batch.actions[:, :-1])
        prediction = model.predict(aggregate, batch.actions[:, -1])
    assert error(z[:, :-1], expected.embeddings) < 1e-5
    assert error(aggregate, expected.aggregate) < 1e-5
    assert error(prediction, expected.prediction) < 1e-5
    assert abs(model.loss(batch).item() - expected.loss.item()) < 1e-5


def test_without_actions():
    plain = reference.make_state(2, cifar_stem=True, conditioned=False)
    state = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in plain.items()}
    model = SeqJEPA(2, "resnet18-cifar", conditioning="none", compatibility="official", dropout=0.0).double()
    model.load_state_dict({own_name(name): tensor for name, tensor in state.items()})
    batch = make_batch("saccades", 2, torch.float64)
    expected = reference.forward(state, batch.views, batch.actions, saccades=True, train=True)
    assert abs(model.loss(batch).item() - expected.loss.item()) < 1e-9


@pytest.mark.parametrize(
    ("action_dim", "encoder", "parameters"), [(2, "resnet18-cifar", 27_254_848), (4, "resnet18", 27_262_784)]
)
def test_sizes_are_the_published_ones(action_dim, encoder, parameters):
    model = SeqJEPA(action_dim, encoder)

    def size(module: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    assert size(model) == parameters
    assert size(model.encoder) == (11_168_832 if encoder == "resnet18-cifar" else 11_176_512)
    assert size(model.aggregator.transformer) == 14_771_840
    assert size(model.predictor) == 1_313_280


def test_names_and_shapes_of_the_released_tensors():
    """The reference's tensors, whose families and shapes are the published ones, are exactly those of the model."""
    state = reference.make_state(4, cifar_stem=False)
    model = SeqJEPA(4, "resnet18")
    ours = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert {own_name(name): tuple(tensor.shape) for name, tensor in state.items()} == ours
    for family in ("encoder.", "target_encoder."):
        tensors = [name for name in ours if name.startswith(family)]
        assert len(tensors) == 120
        assert sum("running_" in name or "num_batches" in name for name in tensors) == 60
    assert ours["aggregator.transformer.layers.2.self_attn.in_proj_weight"] == (1920, 640)
