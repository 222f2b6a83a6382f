"""The model on a device that is not here: every tensor on it, no look at values, no graph break."""

from types import SimpleNamespace

import pytest
import torch
from saccadeworld.seqjepa import SeqJEPA
from torch import nn
from torch._dynamo.exc import BackendCompilerFailed
from torch._subclasses.fake_tensor import FakeTensorMode

VARIANTS = [
    {},
    {"target": "stop-gradient", "conditioning": "none"},
    {"prediction": "prefixes", "regulariser_weight": 0.1},
    {"regulariser_weight": 0.1, "regulariser": "sketched-gaussian"},
    {"compatibility": "official"},
    {"compatibility": "official", "target": "stop-gradient"},
]


def make_model(**options) -> SeqJEPA:
    return SeqJEPA(2, "small", encoder_width=8, layers=1, predictor_hidden=16, **options)


def make_batch(device: str) -> SimpleNamespace:
    views = torch.zeros(4, 3, 3, 16, 16, dtype=torch.uint8, device=device)
    return SimpleNamespace(views=views, actions=torch.ones(4, 2, 2, device=device))


# A PyTorch without CUDA cannot copy or differentiate even pretended CUDA tensors: its C++ asks for the device's guard
# (and aborts). The "lazy" device has one in every build, and a pretended tensor minds as strictly where it lies.
PRETENDED = "cuda" if torch.cuda.is_available() else "lazy"


def pretend(model: nn.Module, mode: FakeTensorMode) -> None:
    """Replaces the tensors of `model` by fake ones on the pretended device, which `Module.to` cannot do."""

    def move(tensor: torch.Tensor) -> torch.Tensor:
        fake = mode.from_tensor(tensor.detach())
        with mode:
            return fake.to(f"{PRETENDED}:0")

    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                module._parameters[name] = nn.Parameter(move(parameter), parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = move(buffer)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_everything_on_a_pretended_device(options):
    """Fake tensors have no values and a device; whatever looks at a value or mixes devices raises."""
    model, mode = make_model(**options), FakeTensorMode(allow_non_fake_inputs=False)
    pretend(model, mode)
    with mode:
        batch = make_batch(f"{PRETENDED}:0")
        trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(trainable)
        parts = model.loss_parts(batch)
        parts["loss"].backward()
        optimiser.step()
        model.update_target(0.9)
        model.eval()
        with torch.no_grad():
            z = model.encode(batch.views)
            aggregate = model.aggregate(z[:, :2], batch.actions[:, :1])
            results = [*parts.values(), model.predict(aggregate, batch.actions[:, 1]), model.loss(batch)]
    results += [*model.state_dict().values(), *(parameter.grad for parameter in trainable)]
    assert {tensor.device.type for tensor in results} == {PRETENDED}


def test_a_tensor_on_another_device_is_noticed(monkeypatch):
    """The check above can fail."""
    model, mode = make_model(), FakeTensorMode(allow_non_fake_inputs=False)
    pretend(model, mode)
    monkeypatch.setattr(model.predictor.output, "bias", nn.Parameter(mode.from_tensor(torch.zeros(32))))
    with mode, pytest.raises(RuntimeError, match="device"):
        model.loss(make_batch(f"{PRETENDED}:0"))


WAITS = {"item", "tolist", "cpu", "numpy", "nonzero", "unique", "masked_select", "tensor", "as_tensor", "from_numpy"}


def capturable(graph: torch.fx.GraphModule, _: list) -> torch.fx.GraphModule:
    """A compiler that changes nothing, and refuses what CUDA graphs cannot hold: waits, copies from the host, and
    shapes that depend on values."""
    for node in graph.graph.nodes:
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
        assert node.op not in ("call_function", "call_method") or name not in WAITS, node.format_node()
    return graph


@pytest.mark.parametrize("careless", [lambda x: x + torch.tensor([1.0, 2.0]), lambda x: x * x.sum().item()])
def test_what_cannot_be_captured_is_noticed(careless):
    """The compiler above can fail."""
    torch._dynamo.reset()
    with pytest.raises(BackendCompilerFailed, match=r"tensor|item"):
        torch.compile(careless, backend=capturable, fullgraph=True)(torch.ones(2))


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_the_loss_compiles_in_one_graph(options):
    torch.manual_seed(0)
    model = make_model(dropout=0.0, **options)
    batch = make_batch("cpu")
    batch.views = torch.randint(0, 256, batch.views.shape, dtype=torch.uint8)
    batch.actions = torch.randn(batch.actions.shape)
    torch._dynamo.reset()
    compiled = torch.compile(model.loss, backend=capturable, fullgraph=True)
    torch.manual_seed(1)
    loss = compiled(batch)
    torch.manual_seed(1)
    torch.testing.assert_close(loss, model.loss(batch))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_a_training_step_on_cuda_equals_the_cpu(options):
    torch.manual_seed(0)
    model = make_model(dropout=0.0, **options)
    batch = make_batch("cpu")
    batch.views = torch.randint(0, 256, batch.views.shape, dtype=torch.uint8)
    batch.actions = torch.randn(batch.actions.shape)
    expected = model.loss(batch)
    model.cuda()
    batch.views, batch.actions = batch.views.cuda(), batch.actions.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        loss = model.loss(batch)
        loss.backward()
        model.update_target(0.9)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(loss.cpu(), expected, rtol=1e-3, atol=1e-3)
