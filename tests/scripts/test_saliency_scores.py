import numpy as np
import pytest
import torch
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.saliency.models.centre_bias import BANDWIDTH
from saccadeworld.scripts.saliency_scores import CENTRE_BIAS, INTER_OBSERVER, Target, score_maps

WIDTH, HEIGHT, SIGMA = 24, 16, 0.125  # two pixels


def path(*places: tuple[float, float]) -> Scanpath:
    x, y = np.array(places, dtype=np.float64).reshape(-1, 2).T
    return Scanpath(x.copy(), y.copy(), np.zeros(len(x)))


@pytest.fixture
def fixations() -> Fixations:
    """Two pictures, three observers, of whom one saw but the first."""
    first = (path((3.5, 2.5), (8.5, 9.5)), path((4.5, 2.5)), path((20.5, 12.5), (3.5, 3.5)))
    second = (path((12.5, 8.5), (10.2, 7.9)), path(), path((14.5, 6.5)))
    return Fixations(("first", "second"), ((WIDTH, HEIGHT),) * 2, (first, second))


def gaussians(places: list[tuple[float, float]], down: float, across: float) -> np.ndarray:
    """A sum of Gaussians at places (x, y) counted in pixels from the centre of the first, of sum 1."""
    total = np.zeros((HEIGHT, WIDTH))
    for x, y in places:
        for row in range(HEIGHT):
            for col in range(WIDTH):
                total[row, col] += np.exp(-0.5 * (((row - y) / down) ** 2 + ((col - x) / across) ** 2))
    return total / total.sum()


def test_the_centre_bias_and_the_places_elsewhere_are_those_of_the_other_pictures(fixations):
    target = Target.of(fixations, 0, SIGMA)
    others = [(12.0, 8.0), (9.7, 7.4), (14.0, 6.0)]
    expected = gaussians(others, BANDWIDTH[0] * HEIGHT, BANDWIDTH[1] * WIDTH)
    np.testing.assert_allclose(target.centre_bias.numpy(), expected, rtol=1e-4, atol=1e-8)
    assert sorted(map(tuple, target.elsewhere.nonzero().tolist())) == [(6, 14), (7, 10), (8, 12)]
    assert sorted(map(tuple, target.counts.nonzero().tolist())) == [(2, 3), (2, 4), (3, 3), (9, 8), (12, 20)]


def test_the_very_density_of_the_fixations(fixations):
    target = Target.of(fixations, 0, SIGMA)
    density = gaussians([(3, 2), (8, 9), (4, 2), (20, 12), (3, 3)], 2, 2)
    scores = target.score(torch.from_numpy(density))
    assert (scores["cc"], scores["sim"], scores["kl"]) == pytest.approx((1, 1, 0), abs=1e-9)
    rows, cols = np.array([(2, 3), (9, 8), (2, 4), (12, 20), (3, 3)]).T
    assert scores["nss"] == pytest.approx(((density - density.mean()) / density.std())[rows, cols].mean())
    gain = np.log2(density[rows, cols] / (target.centre_bias.double().numpy()[rows, cols] + 2.0**-52))
    assert scores["information-gain"] == pytest.approx(gain.mean(), abs=1e-4)
    assert scores["auc-judd"] > 0.95


def test_observers_predict_each_other(fixations):
    target = Target.of(fixations, 0, SIGMA)
    own = [[(3, 2), (8, 9)], [(4, 2)], [(20, 12), (3, 3)]]
    nss, gains = [], []
    for i, places in enumerate(own):
        density = gaussians([place for j, others in enumerate(own) if j != i for place in others], 2, 2)
        cols, rows = np.array(places).T
        nss.append(((density - density.mean()) / density.std())[rows, cols].mean())
        bias = target.centre_bias.double().numpy()
        gains.append((np.log2((density + bias) / 2 + 2.0**-52) - np.log2(bias + 2.0**-52))[rows, cols].mean())
    levels = target.inter_observer()
    assert levels["nss"] == pytest.approx(np.mean(nss))
    assert levels["information-gain"] == pytest.approx(np.mean(gains), abs=1e-4)
    halves = gaussians(own[0] + own[2], 2, 2), gaussians(own[1], 2, 2)
    assert levels["cc"] == pytest.approx(np.corrcoef(halves[0].ravel(), halves[1].ravel())[0, 1])
    assert levels["sim"] == pytest.approx(np.minimum(*halves).sum())


def test_every_picture_is_scored_by_everyone(fixations):
    maps = {"flat": lambda picture: torch.full((HEIGHT, WIDTH), 0.5)}
    pictures = []
    scores = score_maps(maps, fixations, SIGMA, lambda: pictures.append(1))
    assert list(scores) == ["flat", CENTRE_BIAS, INTER_OBSERVER]
    assert [len(values) for values in scores.values()] == [2, 2, 2]
    assert len(pictures) == 2
    assert {values["auc-judd"] for values in scores["flat"]} == {0.5}
    assert all(values["information-gain"] == 0 for values in scores[CENTRE_BIAS])
