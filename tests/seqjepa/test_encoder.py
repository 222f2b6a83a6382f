"""Encoders: shapes, initialisation, and equality with torchvision where it is installed."""

import pytest
import seqjepa_reference as reference
import torch
from saccadeworld.seqjepa import SeqJEPA, SeqJEPAConfig
from saccadeworld.seqjepa.encoder import ENCODERS, BasicBlock, make_encoder, register_encoder
from saccadeworld.seqjepa.training import Trainer, TrainingConfig
from tiny import tiny_world


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


class _Patches:
    """An encoder that is no residual network: means over the view of a convolution of `width` channels."""

    def embedding_dim(self, width: int | None = None) -> int:
        return width or 12

    def make(self, width: int | None = None) -> torch.nn.Module:
        pooled = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        return torch.nn.Sequential(torch.nn.Conv2d(3, self.embedding_dim(width), 4, 4), pooled)


@pytest.fixture
def own_encoders():
    """What a test registers is forgotten after it."""
    names = set(ENCODERS)
    yield
    for name in ENCODERS.keys() - names:
        del ENCODERS[name]


@pytest.mark.usefixtures("own_encoders")
def test_an_encoder_of_ones_own_is_trained_stored_and_loaded(tmp_path):
    register_encoder("patches", _Patches())
    model = SeqJEPA(2, "patches", encoder_width=8, action_embedding_dim=8, layers=1)
    world = tiny_world()
    trainer = Trainer(model, world, TrainingConfig(steps=2, batch_size=4, length=3))
    before = model.encoder[0].weight.clone()
    trainer.run(tmp_path / "model")
    assert not torch.equal(before, model.encoder[0].weight)
    views = world.rollout(3, 2).views
    expected = torch.nn.functional.conv2d(
        (views.flatten(0, 1) / 255 - 0.5) / 0.25, model.encoder[0].weight, model.encoder[0].bias, stride=4
    ).mean((2, 3))
    loaded = SeqJEPA.load(tmp_path / "model")
    with torch.no_grad():
        torch.testing.assert_close(loaded.encode(views).flatten(0, 1), expected)
    del ENCODERS["patches"]
    with pytest.raises(ValueError, match=r"encoder 'patches' is unknown.*or register it before"):
        SeqJEPA.load(tmp_path / "model")


def test_names_of_encoders_are_taken_once_and_kinds_can_make():
    with pytest.raises(ValueError, match="'small' is registered already"):
        register_encoder("small", _Patches())
    with pytest.raises(TypeError, match="has no methods make"):
        register_encoder("nothing", torch.nn.Identity())
    assert "nothing" not in ENCODERS
