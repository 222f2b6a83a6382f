"""The terms against collapse and the moving average against their formulas."""

import math

import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.ema import ema_rate
from saccadeworld.seqjepa.regulariser import sketched_gaussian, spread, variance_covariance


@pytest.mark.parametrize(("rows", "width", "scale"), [(50, 8, 0.3), (7, 20, 2.0), (2, 3, 0.1)])
def test_variance_and_covariance_as_in_vicreg(rows, width, scale):
    z = np.random.default_rng(0).normal(0.5, scale, (rows, width))
    z[:, 1] = z[:, 0] * 0.5
    covariance = np.cov(z, rowvar=False)
    variance_term = np.maximum(0, 1 - np.sqrt(z.var(0, ddof=1) + 1e-4)).mean()
    covariance_term = (covariance**2).sum() - (np.diag(covariance) ** 2).sum()
    ours = variance_covariance(torch.from_numpy(z))
    assert ours[0].item() == pytest.approx(variance_term)
    assert ours[1].item() == pytest.approx(covariance_term / width)


def test_collapsed_embeddings_are_pushed_apart():
    z = (torch.ones(16, 4) + 1e-3 * torch.randn(16, 4, generator=torch.Generator().manual_seed(0))).requires_grad_()
    variance, _ = variance_covariance(z)
    assert variance.item() == pytest.approx(0.99, abs=0.01)
    variance.backward()
    moved = (z - 0.1 * z.grad / z.grad.abs().max()).detach()
    assert moved.var(0).min() > z.var(0).max()


def test_regulariser_is_computed_in_single_precision_under_autocast():
    z = torch.randn(64, 16, generator=torch.Generator().manual_seed(0)).bfloat16()
    directions = torch.randn(16, 8, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        terms = *variance_covariance(z), sketched_gaussian(z, directions)
    single = *variance_covariance(z.float()), sketched_gaussian(z.float(), directions)
    for term, expected in zip(terms, single, strict=True):
        assert term.dtype == torch.float32
        torch.testing.assert_close(term, expected)


def epps_pulley(x: np.ndarray) -> float:
    """The integral in closed form: sums of Gaussians of the differences, and of the values (x is centred)."""
    pairs = np.exp(-np.square(x[:, None] - x[None, :]) / 2).mean() * math.sqrt(2 * math.pi)
    return pairs - 2 * math.sqrt(math.pi) * np.exp(-np.square(x) / 4).mean() + math.sqrt(2 * math.pi / 3)


@pytest.mark.parametrize(("rows", "scale"), [(200, 1.0), (50, 0.2), (50, 2.0)])
def test_sketched_gaussian_is_the_mean_of_epps_and_pulleys_statistic(rows, scale):
    generator = np.random.default_rng(1)
    z, directions = generator.exponential(scale, (rows, 6)), generator.normal(size=(6, 40))
    projected = (z - z.mean(0)) @ (directions / np.linalg.norm(directions, axis=0))
    expected = np.mean([epps_pulley(x) for x in projected.T])
    ours = sketched_gaussian(torch.from_numpy(z), torch.from_numpy(directions))
    assert ours.item() == pytest.approx(expected, rel=5e-3, abs=1e-4)


def test_sketched_gaussian_is_least_for_a_gaussian_of_unit_variance():
    generator = torch.Generator().manual_seed(0)
    z, directions = torch.randn(4000, 16, generator=generator), torch.randn(16, 64, generator=generator)
    best = sketched_gaussian(z, directions).item()
    assert best < 1e-3
    flat = z * torch.tensor([1.0] * 8 + [0.0] * 8)
    for other in (0.5 * z, 2 * z, flat, z.sign(), 0 * z):  # sums of many signs are nearly Gaussian
        assert sketched_gaussian(other, directions) > 3 * best


def test_sketched_gaussian_pushes_collapsed_embeddings_apart():
    z = (torch.ones(64, 8) + 1e-2 * torch.randn(64, 8, generator=torch.Generator().manual_seed(0))).requires_grad_()
    directions = torch.randn(8, 32, generator=torch.Generator().manual_seed(1))
    sketched_gaussian(z, directions).backward()
    moved = (z - 0.1 * z.grad / z.grad.abs().max()).detach()
    assert moved.var(0).min() > z.var(0).max()


def test_spread():
    generator = torch.Generator().manual_seed(0)
    assert spread(torch.randn(20000, 64, generator=generator)).item() == pytest.approx(1, abs=0.01)
    assert spread(torch.ones(10, 64) * torch.rand(10, 1, generator=generator)).item() == pytest.approx(0, abs=1e-6)


def test_ema_rate():
    """The values of the released schedule: 0.996 at the start, 0.998 half-way, 0.9999 at nine tenths, 1 at the end."""
    assert [round(ema_rate(progress), 4) for progress in (0, 0.5, 0.9, 1)] == [0.996, 0.998, 0.9999, 1]
    assert ema_rate(0.25, base=0.9) == pytest.approx(1 - 0.1 * (math.sqrt(0.5) + 1) / 2)
