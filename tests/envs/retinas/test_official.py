import math

import numpy as np
import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.retinas.official import Official

SIDE = 96


def pixel(picture: np.ndarray, row: int, col: int) -> np.ndarray:
    inside = 0 <= row < len(picture) and 0 <= col < len(picture)
    return picture[row, col].astype(float) if inside else np.zeros(3)


def between_pixels(picture: np.ndarray, row: float, col: float) -> np.ndarray:
    top, left = math.floor(row), math.floor(col)
    down, right = row - top, col - left
    upper = (1 - right) * pixel(picture, top, left) + right * pixel(picture, top, left + 1)
    lower = (1 - right) * pixel(picture, top + 1, left) + right * pixel(picture, top + 1, left + 1)
    return (1 - down) * upper + down * lower


@pytest.mark.parametrize("place", [(30, 60), (0, 0), (95, 3), (48, 48)])
def test_views_are_those_of_the_released_code(place):
    """A fixation on row 30, column 60 shows rows 43.5 to 75.5 and columns 13.5 to 45.5, upright."""
    generator = torch.Generator().manual_seed(0)
    bank = torch.randint(0, 256, (2, SIDE, SIDE, 3), generator=generator).to(torch.uint8)
    view = Official(bank, 32)(torch.tensor([1]), torch.tensor([place]) / SIDE)[0].numpy()
    rows = place[1] - 0.5 + np.linspace(-16, 16, 32)
    cols = place[0] - 0.5 + np.linspace(-16, 16, 32)
    picture = bank[1].numpy()
    expected = np.array([[between_pixels(picture, row, col) for col in cols] for row in rows]).transpose(2, 0, 1)
    assert view.dtype == np.uint8
    assert np.abs(view - expected).max() <= 0.51  # rounded


def test_it_is_a_retina_of_the_world():
    world = make_world("images", count=2, size=48, retina="official", fovea=16)
    assert world.rollout(3, 2, "uniform").views.shape == (3, 2, 3, 16, 16)
    with pytest.raises(TypeError, match="subpixel"):
        make_world("images", count=2, size=48, retina="official", subpixel=True)
    with pytest.raises(ValueError, match="fovea=1"):
        Official(torch.zeros(1, 8, 8, 3, dtype=torch.uint8), 1)
