import pytest
import torch
from saccadeworld.envs.augmentations import augment, pipeline
from saccadeworld.envs.augmentations.blur import blur, blur_radius
from saccadeworld.envs.augmentations.crop import resized_crop
from saccadeworld.envs.augmentations.greyscale import greyscale
from saccadeworld.envs.augmentations.jitter import jitter
from saccadeworld.envs.augmentations.parameters import UNTOUCHED, draw_hidden, draw_parameters
from saccadeworld.envs.augmentations.solarise import solarise

ROWS = 64
SEEDS = torch.arange(ROWS)
SCENES = SEEDS % 24


@pytest.fixture(scope="module")
def drawn() -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and hidden numbers of observed and of target views."""
    targets = SEEDS % 2 == 1
    return draw_parameters(SEEDS, 0, 48, targets), draw_hidden(SEEDS, 0, targets)


@pytest.mark.parametrize("size", [48, 32, 20])
@pytest.mark.parametrize("cache", [1, 1 << 17, 1 << 30])
def test_a_row_is_the_same_in_any_batch(bank, drawn, size: int, cache: int, monkeypatch: pytest.MonkeyPatch):
    parameters, hidden = drawn
    together = augment(bank, SCENES, parameters, hidden, size)
    monkeypatch.setattr(pipeline, "_CACHE", cache)
    for count in (1, 3, 7, ROWS):
        parts = zip(*(values.split(count) for values in (SCENES, parameters, hidden)), strict=True)
        assert torch.equal(torch.cat([augment(bank, *part, size) for part in parts]), together)


def test_operations_come_in_the_order_of_the_paper(bank, drawn):
    """Crop, flip, jitter, greyscale, blur, solarise, with factors, turns and pixels worked out by hand."""
    parameters, hidden = drawn
    flip, grey, solar, order = hidden.T
    levels = resized_crop(bank, SCENES, parameters[:, :4] * 48, flip == 1, 32)
    factors = 1 + parameters[:, 4:7] * torch.tensor([0.8, 0.8, 0.4])
    levels = jitter(levels, factors, 0.2 * parameters[:, 7], order.long())
    levels = greyscale(levels, grey == 1)
    unblurred = solarise(levels, solar == 1)
    blurred = solarise(blur(levels, 2 * parameters[:, 8], blur_radius(32)), solar == 1)
    assert torch.equal(augment(bank, SCENES, parameters, hidden, 32), blurred.byte())
    assert torch.equal(augment(bank, SCENES, parameters[:, :8], hidden, 32), unblurred.byte())


def test_nothing_done_gives_the_picture(bank):
    untouched = torch.tensor(UNTOUCHED).expand(24, 9)
    views = augment(bank, torch.arange(24), untouched, torch.zeros(24, 4), 48)
    assert torch.equal(views, bank.movedim(-1, 1))
