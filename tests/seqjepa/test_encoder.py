"""Encoders: shapes, initialisation, and equality with torchvision where it is installed."""

import pytest
import seqjepa_reference as reference
import torch
from saccadeworld.seqjepa import SeqJEPAConfig
from saccadeworld.seqjepa.encoder import ENCODERS, BasicBlock, make_encoder


@pytest.mark.parametrize("side", [16, 33, 64])
@pytest.mark.parametrize("name", list(ENCODERS))
def test_any_view_size_gives_one_embedding(name, side):
    encoder = make_encoder(name, 8).eval()
    z = encoder(torch.randn(2, 3, side, side + 5))
    assert z.shape == (2, ENCODERS[name].embedding_dim(8))
    assert z.isfinite().all()


@pytest.mark.parametrize(("name", "width"), [("resnet18", 512), ("resnet18-cifar", 512), ("small", 128)])
def test_default_widths(name, width):
    assert SeqJEPAConfig(action_dim=2, encoder=name).embedding_dim == width
    assert make_encoder(name).eval()(torch.zeros(1, 3, 16, 16)).shape == (1, width)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", ["resnet18", "resnet18-cifar"])
def test_resnet18_equals_the_functional_one(name, train):
    state = reference.make_state(2, cifar_stem=name == "resnet18-cifar", ema=False)
    state = {key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")}
    state = {key: value.double() if value.is_floating_point() else value for key, value in state.items()}
    encoder = make_encoder(name).double().train(train)
    encoder.load_state_dict(state)
    x = torch.randn(4, 3, 40, 40, generator=torch.Generator().manual_seed(0)).double()
    expected = reference.resnet18({f"f.{key}": value for key, value in state.items()}, "f", x, train)
    torch.testing.assert_close(encoder(x), expected, rtol=1e-9, atol=1e-9)


def test_resnet18_equals_torchvision():
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    theirs = models.resnet18(zero_init_residual=True)
    theirs.fc = torch.nn.Identity()
    ours = make_encoder("resnet18")
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(ENCODERS))
def test_initialisation(name):
    """Convolutions are normal with variance 2 / fan-out; every block starts as its shortcut."""
    torch.manual_seed(0)
    encoder = make_encoder(name)
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d) and module.weight.numel() > 5000:
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
            assert abs(module.weight.mean().item()) < 0.1 * module.weight.std().item()
        elif isinstance(module, BasicBlock):
            assert not module.bn2.weight.any()
            if module.downsample is None:
                x = torch.rand(2, module.conv1.in_channels, 4, 4)
                torch.testing.assert_close(module(x), x)
