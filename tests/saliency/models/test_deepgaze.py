"""With a package in the place of the authors', of the same face, that records what it is given."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from saccadeworld.saliency.models import CentreBias, Uniform, make_saliency
from scipy import ndimage, special
from torch import nn
from torch.utils import model_zoo


class Network(nn.Module):
    """Sees red, and adds the centre bias: (N, 3, h, w) and (N, h, w) float -> (N, 1, h, w) log density."""

    calls: list[tuple[torch.Tensor, torch.Tensor]]

    def __init__(self, pretrained: bool = False):
        super().__init__()
        assert pretrained
        self.calls = []

    def forward(self, images: torch.Tensor, centre_bias: torch.Tensor) -> torch.Tensor:
        assert not self.training
        self.calls.append((images, centre_bias))
        readout = images[:, :1] / 100 + centre_bias[:, None]
        return readout - readout.logsumexp((2, 3), keepdim=True)


class NetworkWithWeights(Network):
    """Asks for weights as the authors' does."""

    address = "https://example.invalid/weights-12345678.pth"

    def __init__(self, pretrained: bool = False):
        super().__init__(pretrained)
        self.load_state_dict(model_zoo.load_url(self.address, progress=False))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of `torch.hub`."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    return tmp_path


@pytest.fixture
def package(hub: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("deepgaze_pytorch")
    module.DeepGazeIIE = Network
    monkeypatch.setitem(sys.modules, "deepgaze_pytorch", module)
    return module


@pytest.fixture
def log_density(hub: Path) -> np.ndarray:
    """A centre bias where the published one is expected, not normalised."""
    rows, cols = np.mgrid[-1:1:64j, -1:1:64j]
    density = -3 * (rows - 0.2) ** 2 - 2 * cols**2
    (hub / "checkpoints").mkdir()
    np.save(hub / "checkpoints" / "centerbias_mit1003.npy", density)
    return density


def noise(count: int, height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, height, width, 3), generator=torch.Generator().manual_seed(0)).byte()


def test_maps_are_the_densities_that_the_network_predicts(package: ModuleType, log_density: np.ndarray):
    pictures = noise(3, 40, 60)
    maps = make_saliency("deepgaze", side=None)(pictures)
    bias = ndimage.zoom(log_density, (40 / 64, 60 / 64), order=0, mode="nearest")
    expected = special.softmax((pictures[..., 0].numpy() / 100 + bias).reshape(3, -1), axis=1)
    assert maps.shape == (3, 40, 60)
    np.testing.assert_allclose(maps.flatten(1).numpy(), expected, rtol=1e-4)


def test_the_network_gets_pictures_from_0_to_255_and_a_log_density(package: ModuleType, log_density: np.ndarray):
    model = make_saliency("deepgaze", side=None)
    pictures = noise(2, 33, 50)
    model(pictures)
    [(images, bias)] = model._network.calls
    assert torch.equal(images, pictures.permute(0, 3, 1, 2).float())
    assert bias.shape == (2, 33, 50)
    assert bias.dtype == torch.float32
    assert torch.allclose(bias.logsumexp((1, 2)), torch.zeros(2), atol=1e-4)


def test_official_pictures_are_almost_black(package: ModuleType, log_density: np.ndarray):
    pictures = noise(1, 33, 50)
    model = make_saliency("deepgaze", side=None, official=True)
    model(pictures)
    assert torch.allclose(model._network.calls[0][0], pictures.permute(0, 3, 1, 2) / 255)


@pytest.mark.parametrize(("size", "seen"), [((96, 96), (512, 512)), ((60, 80), (384, 512)), ((900, 600), (512, 341))])
def test_pictures_are_brought_to_the_side(
    package: ModuleType, log_density: np.ndarray, size: tuple[int, int], seen: tuple[int, int]
):
    model = make_saliency("deepgaze")
    maps = model(noise(1, *size))
    images, bias = model._network.calls[0]
    assert images.shape[2:] == seen
    assert bias.shape[1:] == seen
    assert maps.shape[1:] == size
    assert maps.sum().item() == pytest.approx(1, abs=1e-4)


def test_log_densities_are_what_is_brought_back_to_the_size(package: ModuleType, log_density: np.ndarray):
    model = make_saliency("deepgaze", side=80)
    pictures = noise(1, 40, 40)
    got = model(pictures)
    predicted = Network(True).eval()(*model._network.calls[0])[0, 0]
    pooled = predicted.view(40, 2, 40, 2).mean((1, 3))  # bilinear to half the size is the mean of four
    assert torch.allclose(got[0], torch.softmax(pooled.flatten(), 0).view(40, 40), rtol=1e-3)


def test_many_pictures_go_a_few_at_a_time_with_the_same_maps(package: ModuleType, log_density: np.ndarray):
    model = make_saliency("deepgaze", side=64)
    pictures = noise(11, 20, 20)
    together = model(pictures)
    assert len(model._network.calls) > 1
    assert torch.allclose(model(pictures[9:10])[0], together[9], rtol=1e-4)


def test_the_centre_bias_may_be_a_model(package: ModuleType):
    model = make_saliency("deepgaze", centre_bias=CentreBias(), side=None)
    pictures = noise(1, 48, 64)
    model(pictures)
    assert torch.allclose(model._network.calls[0][1].exp(), CentreBias()(pictures), atol=1e-9)
    make_saliency("deepgaze", centre_bias=Uniform())


def test_the_centre_bias_may_be_a_file(package: ModuleType, tmp_path: Path):
    np.save(tmp_path / "mine.npy", np.log(np.arange(1, 5).reshape(2, 2)))
    model = make_saliency("deepgaze", centre_bias=tmp_path / "mine.npy", side=None)
    model(noise(1, 40, 40))
    bias = model._network.calls[0][1][0]
    for row, col in np.ndindex(2, 2):
        quarter = bias[row * 20 : row * 20 + 20, col * 20 : col * 20 + 20]
        assert torch.allclose(quarter.exp() * 400, torch.tensor((1 + 2 * row + col) / 10))


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "deepgaze_pytorch", None)
    with pytest.raises(ImportError, match=r"pip install git\+https://github.com/matthias-k/DeepGaze"):
        make_saliency("deepgaze")


def test_without_the_centre_bias_the_remedy_is_named(package: ModuleType, hub: Path, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"centerbias_mit1003\.npy is not there.*download=True.*CentreBias"):
        make_saliency("deepgaze")
    with pytest.raises(FileNotFoundError, match=r"missing\.npy' does not exist"):
        make_saliency("deepgaze", centre_bias=tmp_path / "missing.npy")


def test_nothing_is_downloaded_unless_asked_for(package: ModuleType, hub: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def record(request: object, *_: object, **__: object):
        asked.append(request.full_url)
        raise ConnectionError("no network")

    package.DeepGazeIIE = NetworkWithWeights
    monkeypatch.setattr(torch.hub, "urlopen", record)
    with pytest.raises(FileNotFoundError, match=r"needs https://example\.invalid/weights.*download=True"):
        make_saliency("deepgaze", centre_bias=Uniform())
    assert asked == []
    assert torch.hub.urlopen is record
    with pytest.raises(ConnectionError):
        make_saliency("deepgaze", centre_bias=Uniform(), download=True)
    with pytest.raises(ConnectionError):
        make_saliency("deepgaze", download=True)
    site = "https://github.com/matthias-k/DeepGaze/releases/download/v1.0.0"
    assert asked == [NetworkWithWeights.address, f"{site}/centerbias_mit1003.npy"]


def test_weights_in_the_cache_need_no_download(package: ModuleType, hub: Path, monkeypatch: pytest.MonkeyPatch):
    package.DeepGazeIIE = NetworkWithWeights
    (hub / "checkpoints").mkdir()
    torch.save({}, hub / "checkpoints" / "weights-12345678.pth")
    make_saliency("deepgaze", centre_bias=Uniform())


@pytest.mark.parametrize("values", [np.zeros(5), np.full((4, 4), -np.inf), np.zeros((1, 4, 4))])
def test_what_is_no_log_density_is_refused(package: ModuleType, tmp_path: Path, values: np.ndarray):
    np.save(tmp_path / "wrong.npy", values)
    with pytest.raises(ValueError, match=r"wrong\.npy' is no log density"):
        make_saliency("deepgaze", centre_bias=tmp_path / "wrong.npy")


def test_nothing_is_unpickled(package: ModuleType, tmp_path: Path):
    np.save(tmp_path / "pickled.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"is no \.npy file of numbers"):
        make_saliency("deepgaze", centre_bias=tmp_path / "pickled.npy")


def test_a_side_too_small_is_refused(package: ModuleType):
    with pytest.raises(ValueError, match="side=8 is too small"):
        make_saliency("deepgaze", side=8)


@pytest.mark.parametrize("option", ["official", "download"])
def test_what_is_neither_true_nor_false_is_refused(package: ModuleType, option: str):
    with pytest.raises(TypeError, match=f"{option}='no' is neither True nor False; use one of them"):
        make_saliency("deepgaze", **{option: "no"})
