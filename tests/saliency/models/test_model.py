"""What holds for every saliency model."""

from __future__ import annotations

import math

import pytest
import torch
from saccadeworld.saliency.models import SALIENCY_MODELS, SaliencyModel, make_saliency, normalise
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

NAMES = [name for name in SALIENCY_MODELS if name != "deepgaze"]  # which needs weights


def noise(count: int, height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, height, width, 3), generator=torch.Generator().manual_seed(0)).byte()


@pytest.mark.parametrize("size", [(8, 8), (8, 40), (33, 9), (64, 64), (71, 96)])
@pytest.mark.parametrize("name", NAMES)
def test_maps_are_densities_of_the_size_of_the_pictures(name: str, size: tuple[int, int]):
    pictures = torch.cat([noise(3, *size), torch.zeros(1, *size, 3).byte(), torch.full((1, *size, 3), 255).byte()])
    maps = make_saliency(name)(pictures)
    assert maps.shape == (5, *size)
    assert maps.dtype == torch.float32
    assert (maps >= 0).all()
    assert torch.allclose(maps.double().sum((1, 2)), torch.ones(5, dtype=torch.float64), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_does_not_depend_on_the_other_pictures(name: str):
    pictures, model = noise(9, 48, 64), make_saliency(name)
    together = model(pictures)
    for row in (0, 4, 8):
        alone = model(pictures[row : row + 1])[0]
        assert (together[row] - alone).abs().max() <= 1e-4 * alone.max()


@pytest.mark.parametrize("name", NAMES)
def test_chunks_make_no_difference(name: str, monkeypatch: pytest.MonkeyPatch):
    pictures, model = noise(7, 32, 24), make_saliency(name)
    whole = model(pictures)
    monkeypatch.setattr(SaliencyModel, "chunk_pixels", 3 * 32 * 24)
    assert (model(pictures) - whole).abs().max() <= 1e-4 * whole.max()


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_has_no_map(name: str):
    assert make_saliency(name)(noise(0, 32, 24)).shape == (0, 32, 24)


@pytest.mark.parametrize("name", NAMES)
def test_maps_are_made_on_the_device_of_the_pictures(name: str):
    with FakeTensorMode(allow_non_fake_inputs=True):
        maps = make_saliency(name)(torch.zeros(4, 40, 50, 3, dtype=torch.uint8, device="meta"))
    assert isinstance(maps, FakeTensor)
    assert maps.device.type == "meta"
    assert maps.shape == (4, 40, 50)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_maps_on_the_gpu_are_those_on_the_cpu(name: str):
    pictures, model = noise(5, 60, 80), make_saliency(name)
    host, device = model(pictures), model(pictures.cuda())
    assert device.is_cuda
    assert (device.cpu() - host).abs().max() <= 1e-2 * host.max()


@pytest.mark.parametrize(
    ("pictures", "error", "says"),
    [
        (torch.zeros(2, 30, 30, 3), TypeError, "torch.float32"),
        (torch.zeros(30, 30, 3).byte(), ValueError, r"\(30, 30, 3\)"),
        (torch.zeros(2, 3, 30, 30).byte(), ValueError, r"\(2, 3, 30, 30\)"),
        (torch.zeros(2, 7, 30, 3).byte(), ValueError, "at least 8"),
        (torch.zeros(2, 9, 9, 3).byte().numpy(), TypeError, "pictures of ndarray: saliency models take torch tensors"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(pictures: torch.Tensor, error: type[Exception], says: str):
    with pytest.raises(error, match=says):
        make_saliency("uniform")(pictures)


def test_an_unknown_model_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'sharpness' is not known; use one of 'uniform'"):
        make_saliency("sharpness")


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="'uniform' has no option 'sigma'; it takes none"):
        make_saliency("uniform", sigma=3)


def test_normalised_maps_sum_to_one_whatever_their_scale():
    maps = torch.rand(1, 5, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([1e-30, 1, 1e30]).view(
        3, 1, 1
    )
    scaled = normalise(torch.cat([maps, torch.zeros(1, 5, 6)]))
    assert torch.allclose(scaled[0], scaled[1])
    assert torch.allclose(scaled[2], scaled[1])
    assert torch.allclose(scaled[1], maps[1] / maps[1].sum())
    assert torch.equal(scaled[3], torch.full((5, 6), 1 / 30))


def test_uniform_maps_are_uniform():
    assert torch.allclose(make_saliency("uniform")(noise(2, 10, 20)), torch.tensor(1 / 200))
    assert math.isclose(float(make_saliency("uniform")(noise(1, 600, 800)).double().sum()), 1, rel_tol=1e-5)
