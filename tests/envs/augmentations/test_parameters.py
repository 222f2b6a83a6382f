import pytest
import torch
from saccadeworld.envs.augmentations import parameters
from saccadeworld.envs.augmentations.parameters import HIGH, LOW, NAMES, draw_hidden, draw_parameters, physical

SEEDS = torch.arange(20000)
SIDE = 32


@pytest.fixture(scope="module")
def drawn() -> torch.Tensor:
    return draw_parameters(SEEDS, 3, SIDE, False)


def column(values: torch.Tensor, name: str) -> torch.Tensor:
    return values[:, NAMES.index(name)]


def share(events: torch.Tensor) -> float:
    return events.float().mean().item()


def test_draws_keep_to_the_bounds_and_crops_to_the_picture(drawn):
    assert ((drawn >= torch.tensor(LOW)) & (drawn <= torch.tensor(HIGH))).all()
    assert (drawn[:, :2] + drawn[:, 2:4] <= 1 + 1e-6).all()
    pixels = drawn[:, :4] * SIDE
    torch.testing.assert_close(pixels, pixels.round(), atol=1e-5, rtol=0)


def test_crops_are_distributed_as_those_of_torchvision(drawn, reference_crops):
    crops, expected = drawn[:, :4], reference_crops / SIDE
    torch.testing.assert_close(crops.mean(0), expected.mean(0), atol=0.008, rtol=0)
    torch.testing.assert_close(crops.T.cov(), expected.T.cov(), atol=0.002, rtol=0)
    for got, wanted in zip(crops.T, expected.T, strict=True):
        counts = [torch.bincount((values * SIDE).round().long(), minlength=SIDE + 1) for values in (got, wanted)]
        assert (counts[0] - counts[1]).abs().max() < 0.015 * len(SEEDS)


def test_factors_are_uniform_over_the_ranges_of_the_paper_or_left_out(drawn):
    values = physical(drawn)
    jittered = (drawn[:, 4:8] != 0).any(1)
    assert share(jittered) == pytest.approx(0.8, abs=0.01)
    for name, low, high in (
        ("brightness", 0.6, 1.4),
        ("contrast", 0.6, 1.4),
        ("saturation", 0.8, 1.2),
        ("hue", -0.1, 0.1),
    ):
        factor = column(values, name)
        assert (factor[~jittered] == (0 if name == "hue" else 1)).all()
        quantiles = factor[jittered].quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
        torch.testing.assert_close(quantiles, torch.linspace(low, high, 5), atol=0.02 * (high - low), rtol=0)


def test_blur_is_always_there_but_in_targets(drawn):
    sigmas = column(physical(drawn), "blur")
    quantiles = sigmas.quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    torch.testing.assert_close(quantiles, torch.linspace(0.1, 2.0, 5), atol=0.03, rtol=0)
    rare = column(physical(draw_parameters(SEEDS, 3, SIDE, True)), "blur")
    assert share(rare > 0) == pytest.approx(0.1, abs=0.01)
    assert torch.equal(rare[rare > 0], sigmas[rare > 0])
    targets = SEEDS % 2 == 0
    mixed = column(physical(draw_parameters(SEEDS, 3, SIDE, targets)), "blur")
    assert torch.equal(mixed, torch.where(targets, rare, sigmas))


def test_coins_fall_as_often_as_in_the_paper():
    observed, target = (draw_hidden(SEEDS, 1, is_target) for is_target in (False, True))
    for hidden, expected in ((observed, (0.5, 0.2, 0.0)), (target, (0.5, 0.2, 0.2))):
        assert [share(coin) for coin in hidden[:, :3].T] == pytest.approx(expected, abs=0.01)
        counts = torch.bincount(hidden[:, 3].long(), minlength=24)
        assert len(counts) == 24
        assert ((counts - len(SEEDS) / 24).abs() < 150).all()


def test_rows_and_steps_are_independent_of_each_other():
    alone = torch.cat([draw_parameters(SEEDS[i : i + 1], 2, SIDE, False) for i in range(5)])
    assert torch.equal(alone, draw_parameters(SEEDS[:5], torch.full((5,), 2), SIDE, False))
    steps = torch.stack([draw_parameters(SEEDS, step, SIDE, False) for step in (0, 1)])
    correlations = torch.corrcoef(steps.transpose(1, 2).flatten(0, 1))[:9, 9:]
    assert correlations.abs().max() < 0.03


def test_units_of_parameters_without_blur(drawn):
    assert torch.equal(physical(drawn[:, :8]), physical(drawn)[:, :8])
    assert physical(torch.tensor(parameters.UNTOUCHED)).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
