import zlib

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from scipy import stats

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
SEEDS = torch.arange(100_000)


def finaliser(z: np.ndarray) -> np.ndarray:
    """SplitMix64's, in unsigned arithmetic."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def splitmix(state: np.ndarray, count: int) -> np.ndarray:
    """The first outputs of a generator in each of these states. (B,) -> (B, count)."""
    return finaliser(state[:, None] + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN)


def reference_bits(seeds: np.ndarray, step: int, purpose: str, count: int) -> np.ndarray:
    place = np.uint64((step << 32) + zlib.crc32(purpose.encode()))
    return splitmix(finaliser(finaliser(seeds + GOLDEN) ^ place), count)


def test_the_reference_gives_the_published_outputs_of_splitmix64():
    # Seed 1234567, as printed by the generator's C source.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert splitmix(np.array([1234567], dtype=np.uint64), 4)[0].tolist() == expected


@pytest.mark.parametrize("step", [0, 1, 77, 2**30])
@pytest.mark.parametrize("purpose", ["scene", "fixation"])
def test_bits_equal_unsigned_arithmetic(step: int, purpose: str):
    seeds = np.array([0, 1, 2, 12345, 2**31, 2**63 - 1, -1, -(2**63)], dtype=np.int64)
    expected = reference_bits(seeds.view(np.uint64), step, purpose, 5)
    assert np.array_equal(draws.bits(torch.from_numpy(seeds), step, purpose, 5).numpy().view(np.uint64), expected)


def test_uniform_numbers_are_the_leading_bits():
    seeds = np.arange(50, dtype=np.uint64)
    bits = reference_bits(seeds, 3, "x", 4)
    row = torch.arange(50)
    assert np.array_equal(draws.uniform(row, 3, "x", 4).numpy(), (bits >> np.uint64(40)) / 2**24)
    assert np.array_equal(draws.uniform(row, 3, "x", 4, torch.float64).numpy(), (bits >> np.uint64(11)) / 2**53)


def test_a_row_is_the_same_alone_and_with_a_step_of_its_own():
    steps = torch.arange(300) % 7
    together = draws.normal(torch.arange(300), steps, "x", 3)
    for row in (0, 1, 150, 299):
        assert torch.equal(draws.normal(torch.tensor([row]), row % 7, "x", 3)[0], together[row])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_uniform_numbers_are_uniform(dtype: torch.dtype):
    u = draws.uniform(SEEDS, 5, "x", 2, dtype)
    assert u.dtype == dtype
    assert u.min() >= 0
    assert u.max() < 1
    assert stats.kstest(u.flatten().double().numpy(), "uniform").pvalue > 1e-3


def test_every_bit_is_fair():
    ones = ((draws.bits(SEEDS, 0, "x")[:, 0, None] >> torch.arange(64)) & 1).sum(0)
    p = stats.binomtest(int(ones[0]), len(SEEDS)).pvalue
    deviations = (ones - len(SEEDS) / 2) / (len(SEEDS) / 4) ** 0.5
    assert p > 1e-3
    assert stats.chi2.sf(float((deviations**2).sum()), 64) > 1e-3


@pytest.mark.parametrize(
    "other",
    [
        lambda: draws.uniform(SEEDS + 1, 0, "x"),
        lambda: draws.uniform(SEEDS, 1, "x"),
        lambda: draws.uniform(SEEDS, 0, "y"),
        lambda: draws.uniform(SEEDS, 0, "x", 2)[:, 1:],
        lambda: draws.uniform(draws.episode_seeds(SEEDS, torch.ones_like(SEEDS)), 0, "x"),
    ],
    ids=["next seed", "next step", "other purpose", "next draw", "next episode"],
)
def test_draws_of_different_counters_are_independent(other):
    pair = torch.cat([draws.uniform(SEEDS, 0, "x"), other()], dim=1).numpy()
    counts, _, _ = np.histogram2d(pair[:, 0], pair[:, 1], bins=10, range=[[0, 1], [0, 1]])
    assert stats.chisquare(counts.flatten()).pvalue > 1e-3
    assert stats.chi2_contingency(counts).pvalue > 1e-3


def test_integers_are_uniform():
    counts = torch.bincount(draws.integers(SEEDS, 2, "x", 7)[:, 0], minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_normal_draws_are_normal():
    x = draws.normal(SEEDS, 0, "x", 2)
    assert stats.kstest(x.flatten().numpy(), "norm").pvalue > 1e-3
    assert abs(float(torch.corrcoef(x.T)[0, 1])) < 0.02


def test_the_first_episode_has_the_seed_itself_and_no_two_episodes_share_one():
    seeds = torch.arange(1000)
    assert torch.equal(draws.episode_seeds(seeds, torch.zeros_like(seeds)), seeds)
    later = [draws.episode_seeds(seeds, torch.full_like(seeds, k)) for k in range(5)]
    assert len(torch.cat(later).unique()) == 5000
