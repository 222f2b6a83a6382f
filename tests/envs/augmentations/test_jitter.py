from itertools import permutations

import pytest
import torch
from PIL import ImageEnhance
from saccadeworld.envs.augmentations.hue import shift_hue
from saccadeworld.envs.augmentations.jitter import ORDERS, jitter

KINDS = ("brightness", "contrast", "saturation")
THEIRS = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "saturation": ImageEnhance.Color}
NO_SHIFT = torch.zeros(24)


def alone(levels: torch.Tensor, kind: str, values: torch.Tensor) -> torch.Tensor:
    """One of the three blends, in the first of the orders."""
    factors = torch.ones(len(levels), 3)
    factors[:, KINDS.index(kind)] = values
    return jitter(levels, factors, torch.zeros(len(levels)), torch.zeros(len(levels), dtype=torch.int64))


@pytest.mark.parametrize("kind", KINDS)
def test_blends_are_those_of_pillow(levels, pillow, kind: str):
    factors = torch.linspace(0.6, 1.4, 24)
    theirs = pillow(lambda image, factor: THEIRS[kind](image).enhance(factor), factors.tolist())
    assert (alone(levels, kind, factors) - theirs).abs().max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_blends_are_those_of_torchvision(levels, transforms, kind: str):
    factors = torch.linspace(0.6, 1.4, 24)
    adjust = getattr(transforms, f"adjust_{kind}")
    for got, picture, factor in zip(alone(levels, kind, factors), levels.byte(), factors.tolist(), strict=True):
        assert (got - adjust(picture, factor).float()).abs().max() <= 1


def test_factors_of_one_change_nothing(levels):
    assert torch.equal(jitter(levels, torch.ones(24, 3), NO_SHIFT, torch.arange(24)), levels)


def test_all_orders_of_the_four_are_there(levels):
    """Every row is made by the operations one after another in one of the 24 orders, and no two in the same."""
    picture, factors, shift = levels[16:17], torch.tensor([[1.4, 0.6, 1.2]]), torch.tensor([0.1])

    def in_turn(order: tuple[str, ...]) -> torch.Tensor:
        made = picture
        for kind in order:
            made = shift_hue(made, shift) if kind == "hue" else alone(made, kind, factors[:, KINDS.index(kind)])
        return made

    expected = torch.cat([in_turn(order) for order in permutations((*KINDS, "hue"))])
    got = jitter(picture.expand(ORDERS, -1, -1, -1), factors.expand(ORDERS, 3), shift.expand(ORDERS), torch.arange(24))
    same = (got[:, None] == expected).flatten(2).all(2)
    assert (same.sum(0) == 1).all()
    assert (same.sum(1) == 1).all()
    assert torch.equal(picture, levels[16:17])
