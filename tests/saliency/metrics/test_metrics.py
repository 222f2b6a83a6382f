"""Metrics against SciPy, scikit-learn and numbers worked out by hand."""

import itertools

import numpy as np
import pytest
import torch
from saccadeworld.saliency.metrics import (
    auc_borji,
    auc_judd,
    auc_shuffled,
    cc,
    fixation_counts,
    fixation_density,
    information_gain,
    kl,
    nss,
    sim,
)
from scipy import ndimage, stats
from sklearn.metrics import roc_auc_score

HEIGHT, WIDTH = 30, 41


def rough_maps(count: int, levels: int | None = None) -> torch.Tensor:
    """Positive maps, of a few levels or of all values."""
    maps = torch.rand(count, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(count)) ** 3 + 0.01
    return maps if levels is None else (maps * levels).ceil()


def fixated(count: int, fixations: int = 25) -> torch.Tensor:
    """Counts of fixations, two of which fell on one pixel."""
    random = torch.Generator().manual_seed(fixations)
    rows = torch.randint(HEIGHT, (count, fixations), generator=random)
    cols = torch.randint(WIDTH, (count, fixations), generator=random)
    pixels = torch.stack([rows, cols], dim=-1)
    pixels[:, 1] = pixels[:, 0]
    return torch.stack([fixation_counts(some, HEIGHT, WIDTH) for some in pixels])


def area(values: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    """By scikit-learn, each pixel as often as it counts."""
    labels = np.repeat([1, 0], values.size)
    weights = np.concatenate([positive.ravel(), negative.ravel()])
    return float(roc_auc_score(labels, np.tile(values.ravel(), 2), sample_weight=weights))


@pytest.fixture(params=[None, 6], ids=["all values", "ties"])
def maps(request: pytest.FixtureRequest) -> torch.Tensor:
    return rough_maps(3, request.param)


@pytest.fixture
def densities() -> torch.Tensor:
    return torch.stack([fixation_density(counts.nonzero(), HEIGHT, WIDTH, 3.0) for counts in fixated(3)])


def test_nss_is_the_mean_of_z_scores_at_fixations(maps: torch.Tensor):
    counts = fixated(3)
    for score, values, count in zip(nss(maps, counts), maps.double().numpy(), counts.numpy(), strict=True):
        scores = stats.zscore(values, axis=None)
        assert float(score) == pytest.approx(np.repeat(scores.ravel(), count.ravel()).mean())


def test_nss_worked_out_by_hand():
    values, counts = torch.tensor([[0.0, 0.0], [0.0, 4.0]]), torch.tensor([[1, 0], [0, 2]])
    assert float(nss(values, counts)) == pytest.approx((2 * 3 - 1) / 3 / 3**0.5)  # mean 1, deviation sqrt(3)


def test_auc_judd_equals_scikit_learn(maps: torch.Tensor):
    counts = fixated(3)
    for score, values, count in zip(auc_judd(maps, counts), maps.numpy(), counts.numpy(), strict=True):
        assert float(score) == pytest.approx(area(values, count, count == 0))


def test_auc_shuffled_equals_scikit_learn(maps: torch.Tensor):
    counts, elsewhere = fixated(3), fixated(3, 70)
    scores = auc_shuffled(maps, counts, elsewhere)
    for score, values, count, other in zip(scores, maps.numpy(), counts.numpy(), elsewhere.numpy(), strict=True):
        assert float(score) == pytest.approx(area(values, count, other))


def test_auc_borji_tends_to_the_area_against_all_pixels(maps: torch.Tensor):
    counts = fixated(3)
    scores = auc_borji(maps, counts, splits=2000)
    for score, values, count in zip(scores, maps.numpy(), counts.numpy(), strict=True):
        assert float(score) == pytest.approx(area(values, count, np.ones_like(values)), abs=0.006)


def test_auc_borji_draws_as_many_pixels_as_there_are_fixations(maps: torch.Tensor):
    counts = fixated(3)
    pixels = torch.randint(HEIGHT * WIDTH, (4 * 25,), generator=torch.Generator().manual_seed(7))
    drawn = torch.bincount(pixels, minlength=HEIGHT * WIDTH).view(HEIGHT, WIDTH).numpy()
    scores = auc_borji(maps, counts, splits=4, seed=7)
    for score, values, count in zip(scores, maps.numpy(), counts.numpy(), strict=True):
        assert float(score) == pytest.approx(area(values, count, drawn))
    assert not torch.equal(scores, auc_borji(maps, counts, splits=4, seed=8))


@pytest.mark.parametrize("metric", [auc_judd, auc_borji, lambda maps, counts: auc_shuffled(maps, counts, fixated(1))])
def test_areas_of_perfect_flat_and_inverted_maps(metric):
    counts = fixated(1)
    perfect = (counts > 0).double()
    assert float(metric(torch.ones_like(perfect), counts)) == 0.5
    assert float(metric(perfect, counts)) + float(metric(-perfect, counts)) == pytest.approx(1)
    assert float(auc_judd(perfect, counts)) == 1


def test_cc_equals_scipy(maps: torch.Tensor, densities: torch.Tensor):
    for score, first, second in zip(cc(maps, densities), maps.double().numpy(), densities.numpy(), strict=True):
        assert float(score) == pytest.approx(stats.pearsonr(first.ravel(), second.ravel()).statistic)


def test_kl_equals_scipy(maps: torch.Tensor, densities: torch.Tensor):
    for score, first, second in zip(kl(maps, densities), maps.double().numpy(), densities.numpy(), strict=True):
        assert float(score) == pytest.approx(stats.entropy(second.ravel(), first.ravel()), rel=1e-6)


def test_sim_is_one_minus_half_of_the_absolute_difference(maps: torch.Tensor, densities: torch.Tensor):
    for score, first, second in zip(sim(maps, densities), maps.double().numpy(), densities.numpy(), strict=True):
        distance = np.abs(first / first.sum() - second / second.sum()).sum()
        assert float(score) == pytest.approx(1 - distance / 2)


def test_a_density_is_at_no_distance_from_itself(densities: torch.Tensor):
    assert torch.allclose(cc(densities, densities), torch.ones(3).double())
    assert torch.allclose(sim(densities, densities), torch.ones(3).double())
    assert torch.allclose(kl(densities, densities), torch.zeros(3).double(), atol=1e-9)


def test_a_map_that_misses_a_fixation_has_a_large_but_finite_divergence():
    density, miss = torch.zeros(2, 2), torch.zeros(2, 2)
    density[0, 0] = miss[1, 1] = 1
    assert float(kl(miss, density)) == pytest.approx(52 * np.log(2))
    assert float(sim(miss, density)) == 0


def test_information_gain_is_the_difference_of_log_likelihoods(maps: torch.Tensor):
    counts, baselines = fixated(3), rough_maps(3) + 0.3
    gains = information_gain(maps, counts, baselines)
    for i, gain in enumerate(gains):
        likelihoods = [
            stats.multinomial.logpmf(counts[i].flatten().numpy(), int(counts[i].sum()), (m / m.sum()).ravel())
            for m in (maps[i].double().numpy(), baselines[i].double().numpy())
        ]
        assert float(gain) == pytest.approx((likelihoods[0] - likelihoods[1]) / 25 / np.log(2), rel=1e-6)


def test_information_gain_worked_out_by_hand():
    values, counts = torch.tensor([[4.0, 2.0], [1.0, 1.0]]), torch.tensor([[1, 1], [0, 1]])
    assert float(information_gain(values, counts, torch.ones(2, 2))) == pytest.approx((1 + 0 - 1) / 3)
    assert float(information_gain(values, counts, values)) == 0


def test_scores_do_not_depend_on_scale_where_they_should_not(maps: torch.Tensor):
    maps, counts = maps.double(), fixated(3)
    for metric, other in itertools.product((nss, cc, auc_judd), (3 * maps, 0.2 * maps + 5)):
        assert torch.allclose(metric(other, counts), metric(maps, counts))
    for metric in (sim, kl):
        assert torch.allclose(metric(3 * maps, counts), metric(maps, counts))


def test_flat_maps_are_at_chance():
    counts = fixated(2)
    assert nss(torch.full((2, HEIGHT, WIDTH), 0.1), counts).tolist() == [0, 0]
    assert cc(torch.full((2, HEIGHT, WIDTH), 0.1), counts).tolist() == [0, 0]


@pytest.mark.parametrize("metric", [nss, cc, sim, kl, auc_judd, auc_borji])
def test_batches_are_scored_map_by_map(metric):
    maps, counts = rough_maps(4).view(2, 2, HEIGHT, WIDTH), fixated(4).view(2, 2, HEIGHT, WIDTH)
    scores = metric(maps, counts)
    assert (scores.shape, scores.dtype) == ((2, 2), torch.float64)
    for i, j in itertools.product(range(2), range(2)):
        assert float(scores[i, j]) == pytest.approx(float(metric(maps[i, j], counts[i, j])))


@pytest.mark.parametrize("metric", [nss, cc, sim, kl, auc_judd, auc_borji])
def test_what_cannot_be_scored_is_refused(metric):
    maps, counts = rough_maps(1), fixated(1)
    with pytest.raises(ValueError, match=r"is \(1, 30, 40\); give \(..., H, W\), of the size of maps, \(1, 30, 41\)"):
        metric(maps, counts[..., 1:])
    with pytest.raises(ValueError, match="holds values that are not finite"):
        metric(maps.log() / 0, counts)
    with pytest.raises(ValueError, match="is zero everywhere"):
        metric(maps, 0 * counts)
    with pytest.raises(ValueError, match="is negative somewhere, -1"):
        metric(maps, -counts.clamp_max(1))


def test_counts_of_fixations():
    counts = fixation_counts(torch.tensor([[0, 2], [1, 0], [0, 2]]), 2, 3)
    assert counts.tolist() == [[0, 0, 2], [1, 0, 0]]
    for pixels in (torch.tensor([[0.0, 2.0]]), torch.tensor([0, 2]), torch.tensor([[0, 2, 1]])):
        with pytest.raises(ValueError, match=r"pixels must be \(n, 2\) int64, \(row, col\), got"):
            fixation_counts(pixels, 2, 3)
    with pytest.raises(ValueError, match=r"pixel \[0, 3\] lies outside a map of 2 x 3 pixels"):
        fixation_counts(torch.tensor([[0, 2], [0, 3]]), 2, 3)


def test_densities_equal_scipys_blur_with_nothing_beyond_the_border():
    counts = fixated(1)[0]
    density = fixation_density(counts.nonzero(), HEIGHT, WIDTH, 3.5)
    blurred = ndimage.gaussian_filter((counts > 0).double().numpy(), 3.5, mode="constant", truncate=20)
    assert np.abs(density.numpy() - blurred / blurred.sum()).max() < 1e-12
    with pytest.raises(ValueError, match="no fixations"):
        fixation_density(torch.empty(0, 2), 5, 5, 1.0)
    with pytest.raises(ValueError, match="sigma=0 must be positive"):
        fixation_density(torch.zeros(1, 2), 5, 5, 0)


def test_areas_need_places_to_compare_with():
    maps, counts = torch.rand(2, 6, 6), torch.ones(2, 6, 6)
    with pytest.raises(ValueError, match="counts has fixations on every pixel of a map"):
        auc_judd(maps, counts)
    with pytest.raises(ValueError, match="splits=0: draw at least once"):
        auc_borji(maps, counts, splits=0)
    with pytest.raises(TypeError, match="maps must be a torch tensor, got ndarray"):
        auc_judd(maps.numpy(), counts)  # pyright: ignore[reportArgumentType]
