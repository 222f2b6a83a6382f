import numpy as np
import pytest
import torch
from saccadeworld.envs.augmentations.blur import blur, blur_radius
from scipy.ndimage import correlate1d

SIGMAS = torch.linspace(0.1, 2.0, 24)


@pytest.mark.parametrize(("size", "kernel"), [(32, 3), (64, 7), (96, 9), (224, 23), (8, 1)])
def test_kernels_grow_with_the_view(size: int, kernel: int):
    assert 2 * blur_radius(size) + 1 == kernel


@pytest.mark.parametrize("radius", [1, 3, 4])
def test_rows_are_correlated_with_gaussians_of_their_own(levels, radius: int):
    places = np.arange(-radius, radius + 1)
    for got, picture, sigma in zip(blur(levels, SIGMAS, radius), levels.double(), SIGMAS.tolist(), strict=True):
        kernel = np.exp(-0.5 * (places / sigma) ** 2)
        expected = picture.numpy()
        for axis in (1, 2):
            expected = correlate1d(expected, kernel / kernel.sum(), axis=axis, mode="mirror")
        assert np.abs(got.numpy() - expected).max() <= 1


def test_rows_are_those_of_torchvision(levels, transforms):
    for got, picture, sigma in zip(blur(levels, SIGMAS, 3), levels.byte(), SIGMAS.tolist(), strict=True):
        assert (got - transforms.gaussian_blur(picture, [7, 7], [sigma, sigma]).float()).abs().max() <= 1


def test_no_deviation_and_no_radius_change_nothing(levels):
    assert torch.equal(blur(levels, torch.zeros(24), 3), levels)
    assert torch.equal(blur(levels, SIGMAS, 0), levels)


def test_uniform_pictures_stay_as_they_are():
    flat = torch.arange(256.0)[:, None, None, None].expand(256, 3, 12, 12)
    for radius in (1, 3, 4):
        assert torch.equal(blur(flat, torch.linspace(0.1, 2.0, 256), radius), flat)
