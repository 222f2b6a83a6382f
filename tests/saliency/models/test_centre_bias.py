from __future__ import annotations

import numpy as np
import pytest
import torch
from saccadeworld.saliency.models.centre_bias import CentreBias
from scipy import stats


def blank(height: int, width: int) -> torch.Tensor:
    return torch.zeros(1, height, width, 3, dtype=torch.uint8)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.mgrid[:height, :width]
    return (rows + 0.5) / height, (cols + 0.5) / width


@pytest.mark.parametrize("size", [(96, 96), (60, 80), (101, 33)])
def test_it_is_a_gaussian_around_the_middle(size: tuple[int, int]):
    rows, cols = grid(*size)
    expected = stats.norm.pdf(rows, 0.5, 0.1) * stats.norm.pdf(cols, 0.5, 0.3)
    got = CentreBias((0.1, 0.3))(blank(*size))[0].numpy()
    np.testing.assert_allclose(got, expected / expected.sum(), rtol=1e-4)


def test_its_width_is_that_of_clarke_and_tatler():
    got = CentreBias()(blank(600, 800))[0].double().numpy()
    rows, cols = np.mgrid[:600, :800]
    across, down = (cols - 399.5) / 400, (rows - 299.5) / 400  # half the width is 1
    expected = np.exp(-0.5 * (across**2 / 0.22 + down**2 / (0.45 * 0.22)))
    assert np.abs(got - expected / expected.sum()).sum() / 2 < 0.005


@pytest.mark.parametrize("size", [(48, 48), (30, 70)])
def test_of_fixations_it_is_their_kernel_density(size: tuple[int, int]):
    places = np.random.default_rng(0).uniform(size=(200, 2)) ** 2
    kernel = stats.gaussian_kde(places.T, bw_method=1.0)
    kernel.covariance = np.diag([0.05**2, 0.08**2])
    kernel.cho_cov = np.linalg.cholesky(kernel.covariance)
    expected = kernel(np.stack([axis.ravel() for axis in grid(*size)])).reshape(size)
    got = CentreBias.from_fixations(torch.from_numpy(places), (0.05, 0.08))(blank(*size))[0].numpy()
    np.testing.assert_allclose(got, expected / expected.sum(), rtol=1e-3)


@pytest.mark.parametrize("spread", [(0.2,), (0.2, 0), (0.2, -1.0), (float("nan"), 0.2), (float("inf"), 0.2)])
def test_a_spread_that_is_none_is_refused(spread: tuple[float, ...]):
    with pytest.raises(ValueError, match=r"spread=.*two positive shares"):
        CentreBias(spread)
    with pytest.raises(ValueError, match=r"bandwidth=.*two positive shares"):
        CentreBias.from_fixations(torch.rand(3, 2), spread)


@pytest.mark.parametrize("places", [torch.rand(3), torch.rand(3, 3), torch.empty(0, 2)])
def test_places_of_another_shape_are_refused(places: torch.Tensor):
    with pytest.raises(ValueError, match=r"fixations are \(K, 2\)"):
        CentreBias.from_fixations(places)


@pytest.mark.parametrize("wrong", [(0.5, 1.2), (-0.1, 0.5), (float("nan"), 0.5)])
def test_places_outside_are_refused_with_the_first_of_them(wrong: tuple[float, float]):
    with pytest.raises(ValueError, match=r"places\[1\].*divide \(row, col\) by \(height, width\)"):
        CentreBias.from_fixations(torch.tensor([(0.5, 0.5), wrong, wrong]))
