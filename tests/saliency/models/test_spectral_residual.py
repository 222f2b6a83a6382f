import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.models.spectral_residual import SpectralResidual
from scipy import fft, ndimage


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """By Pillow: bilinear, with the kernel widened where the picture shrinks."""
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float64)


def reference(picture: np.ndarray) -> np.ndarray:
    """Hou & Zhang (2007), section 3, in NumPy and SciPy: with a logarithm and an angle, as it is written there."""
    height, width = picture.shape[:2]
    scale = min(1, 64 / max(height, width))
    grey = resized(picture.mean(-1) / 255, max(8, round(height * scale)), max(8, round(width * scale)))
    spectrum = fft.fft2(grey)
    log_amplitude = np.log(np.abs(spectrum) + 1e-8)
    residual = log_amplitude - ndimage.uniform_filter(log_amplitude, 3, mode="wrap")
    back = np.abs(fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = ndimage.gaussian_filter(back, 2.5, mode="mirror", radius=7)
    maps = resized(smooth, height, width)
    return maps / maps.sum()


def textures(height: int, width: int, count: int = 3) -> np.ndarray:
    """Pictures of smooth noise."""
    noise = np.random.default_rng(0).normal(size=(count, height, width, 3))
    smooth = ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 0))
    return (128 + 100 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


def assert_equals_the_reference(pictures: np.ndarray):
    maps = SpectralResidual()(torch.from_numpy(pictures)).double().numpy()
    assert maps.shape == pictures.shape[:3]
    for got, picture in zip(maps, pictures, strict=True):
        expected = reference(picture)
        assert np.abs(got - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("size", [(40, 40), (64, 64), (96, 96), (150, 150), (90, 120), (200, 61), (8, 30), (9, 200)])
def test_maps_equal_an_independent_implementation(size: tuple[int, int]):
    assert_equals_the_reference(textures(*size))


def test_maps_of_photographs_equal_an_independent_implementation(photographs: np.ndarray):
    assert_equals_the_reference(photographs)


def test_a_flat_picture_has_a_uniform_map():
    flat = torch.full((1, 50, 70, 3), 77, dtype=torch.uint8)
    assert SpectralResidual()(flat)[0].mul(3500).sub(1).abs().max() < 1e-3


def test_what_stands_out_is_salient():
    rows, cols = np.mgrid[:96, :96]
    background = 120 + 40 * np.sin(cols / 9) + 30 * np.cos(rows / 13)
    spot = np.hypot(rows - 30, cols - 62) < 5
    picture = np.repeat(np.where(spot, 250, background)[..., None], 3, axis=-1).astype(np.uint8)
    saliency = SpectralResidual()(torch.from_numpy(picture)[None])[0].numpy()
    inside = (abs(rows - 48) < 40) & (abs(cols - 48) < 40)  # the border of a picture stands out by itself
    peak = np.unravel_index(np.where(inside, saliency, 0).argmax(), saliency.shape)
    assert np.hypot(peak[0] - 30, peak[1] - 62) < 8
    assert saliency[spot].mean() > 4 * saliency[inside & ~spot].mean()
