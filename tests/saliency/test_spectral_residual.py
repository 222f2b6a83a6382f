import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.spectral_residual import spectral_residual
from scipy import fft, ndimage


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """By Pillow: bilinear, with the kernel widened where the picture shrinks."""
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float64)


def reference(picture: np.ndarray) -> np.ndarray:
    """Hou & Zhang (2007), section 3, in NumPy and SciPy."""
    grey = resized(picture.mean(-1) / 255, min(64, len(picture)))
    spectrum = fft.fft2(grey)
    log_amplitude = np.log(np.abs(spectrum) + 1e-8)
    residual = log_amplitude - ndimage.uniform_filter(log_amplitude, 3, mode="wrap")
    back = np.abs(fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = ndimage.gaussian_filter(back, 2.5, mode="mirror", radius=7)
    maps = resized(smooth, picture.shape[0])
    return maps / maps.sum()


def textures(side: int, count: int = 3) -> np.ndarray:
    """Pictures of smooth noise."""
    noise = np.random.default_rng(0).normal(size=(count, side, side, 3))
    smooth = ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 0))
    return (128 + 100 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("side", [40, 64, 96, 150])
def test_maps_equal_an_independent_implementation(side: int):
    pictures = textures(side)
    maps = spectral_residual(torch.from_numpy(pictures)).double().numpy()
    assert maps.shape == (3, side, side)
    for got, picture in zip(maps, pictures, strict=True):
        expected = reference(picture)
        assert np.abs(got - expected).max() < 1e-3 * expected.max()


def test_maps_are_positive_and_sum_to_one():
    flat = torch.full((1, 50, 50, 3), 77, dtype=torch.uint8)
    maps = spectral_residual(torch.cat([torch.from_numpy(textures(50)), flat]))
    assert maps.dtype == torch.float32
    assert (maps > 0).all()
    assert torch.allclose(maps.sum((1, 2)), torch.ones(4), atol=1e-5)


def test_what_stands_out_is_salient():
    rows, cols = np.mgrid[:96, :96]
    background = 120 + 40 * np.sin(cols / 9) + 30 * np.cos(rows / 13)
    spot = np.hypot(rows - 30, cols - 62) < 5
    picture = np.repeat(np.where(spot, 250, background)[..., None], 3, axis=-1).astype(np.uint8)
    saliency = spectral_residual(torch.from_numpy(picture)[None])[0].numpy()
    inside = (abs(rows - 48) < 40) & (abs(cols - 48) < 40)  # the border of a picture stands out by itself
    peak = np.unravel_index(np.where(inside, saliency, 0).argmax(), saliency.shape)
    assert np.hypot(peak[0] - 30, peak[1] - 62) < 8
    assert saliency[spot].mean() > 4 * saliency[inside & ~spot].mean()


def test_a_map_does_not_depend_on_the_other_pictures():
    pictures = torch.from_numpy(textures(64, 20))
    alone = spectral_residual(pictures[13:14])[0]
    assert (spectral_residual(pictures)[13] - alone).abs().max() < 1e-4 * alone.max()
