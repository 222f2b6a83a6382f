import numpy as np
import pytest
import torch
from saccadeworld.saliency.models.channels.gaussian import blur
from scipy import ndimage


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 6.67])
@pytest.mark.parametrize("size", [(8, 30), (41, 40)])
def test_it_is_a_gaussian_that_goes_on_at_the_border(sigma: float, size: tuple[int, int]):
    maps = np.random.default_rng(0).normal(size=(2, 3, *size))
    reach = int(np.ceil(3 * sigma))
    expected = ndimage.gaussian_filter(maps, (0, 0, sigma, sigma), mode="nearest", radius=(0, 0, reach, reach))
    got = blur(torch.from_numpy(maps).float(), sigma)
    assert np.abs(got.numpy() - expected).max() < 1e-5
