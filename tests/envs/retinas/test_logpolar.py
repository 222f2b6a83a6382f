import math

import numpy as np
import pytest
import torch
from saccadeworld.envs.retinas.logpolar import LogPolar

SIDE = 40


def bilinear(picture: np.ndarray, place: tuple[int, int], y: float, x: float, cell: int, padding: int) -> np.ndarray:
    """Means over cells of a side in pixels, the first of which begins at `place`, between the four around (y, x)."""
    far = 4 * SIDE
    padded = np.pad(picture.astype(float), ((far, far), (far, far), (0, 0)), constant_values=padding)
    value = np.zeros(3)
    v, u = (y + 0.5) / cell - 0.5, (x + 0.5) / cell - 0.5
    for i in (math.floor(v), math.floor(v) + 1):
        for j in (math.floor(u), math.floor(u) + 1):
            row, col = place[0] + i * cell + far, place[1] + j * cell + far
            value += (1 - abs(v - i)) * (1 - abs(u - j)) * padded[row : row + cell, col : col + cell].mean((0, 1))
    return value


def reference(
    picture: np.ndarray, place: tuple[int, int], rings: int, wedges: int, radius: float, padding: int
) -> np.ndarray:
    """Sample by sample. -> (3, rings, wedges), not rounded."""
    a = rings / 2
    view = np.empty((3, rings, wedges))
    for i in range(rings):
        r = a * ((1 + radius / a) ** ((i + 0.5) / rings) - 1)
        width = max(1.0, (r + a) * math.log(1 + radius / a) / rings, 2 * math.pi * r / wedges)
        level = math.floor(math.log2(width))
        share = math.log2(width) - level
        for j in range(wedges):
            y, x = r * math.sin(2 * math.pi * j / wedges), r * math.cos(2 * math.pi * j / wedges)
            fine, coarse = (bilinear(picture, place, y, x, 2**k, padding) for k in (level, level + 1))
            view[:, i, j] = (1 - share) * fine + share * coarse
    return view


@pytest.mark.parametrize(
    ("fovea", "wedges", "radius"),
    [(8, None, None), (8, 5, 40.0), (1, 1, 80.0), (5, 12, 0.5), (30, 7, 13.5), (3, 40, 9)],
)
@pytest.mark.parametrize("padding", [0, 137])
def test_samples_are_those_of_the_slow_reference(fovea, wedges, radius, padding):
    bank = torch.randint(0, 256, (2, SIDE, SIDE, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    places = torch.tensor([[20, 20], [0, 39], [-7, 12]])
    retina = LogPolar(bank, fovea, wedges=wedges, radius=radius, padding=padding)
    views = retina(torch.ones(3, dtype=torch.int64), places / SIDE)
    numbers = (fovea, wedges or 2 * fovea, radius or SIDE / 2, padding)
    for view, place in zip(views.numpy(), places.tolist(), strict=True):
        assert np.abs(view - reference(bank[1].numpy(), place, *numbers)).max() < 0.501


def smooth_picture(turn: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    """A few soft spots around the middle pixel of 129, turned clockwise in radians and grown. -> (1, 129, 129, 3)."""
    rows, cols = np.mgrid[-64:65, -64:65].astype(float)
    picture = np.zeros((129, 129, 3))
    for distance, angle, channel in [(20, 0.3, 0), (30, 2.0, 1), (12, 4.0, 2), (25, 5.2, 0)]:
        row, col = scale * distance * math.sin(angle + turn), scale * distance * math.cos(angle + turn)
        spread = 2 * (6 * scale) ** 2
        picture[..., channel] += 200 * np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / spread)
    return torch.from_numpy(picture.round()).to(torch.uint8)[None]


MIDDLE = torch.full((1, 2), 64 / 129)


def look(picture: torch.Tensor, **options) -> torch.Tensor:
    return LogPolar(picture, 32, radius=60, **options)(torch.tensor([0]), MIDDLE)[0]


def test_turning_the_picture_moves_the_view_along_its_columns():
    still, turned = look(smooth_picture()), look(smooth_picture(turn=2 * math.pi * 5 / 64))
    assert (turned.int() - still.int()).abs().max() > 100
    assert (turned.int() - still.roll(5, dims=2).int()).abs().max() <= 8


def test_growing_the_picture_moves_the_view_along_its_rows():
    still, grown = look(smooth_picture()), look(smooth_picture(scale=1.5))
    a, rings = 16, 32
    span = math.log1p(60 / a)
    radii = a * np.expm1((np.arange(rings) + 0.5) / rings * span)
    shrunk = np.log1p(radii / 1.5 / a) / span * rings - 0.5  # the ring of the still picture that shows the same
    low = np.floor(shrunk.clip(0, rings - 2)).astype(int)
    share = torch.from_numpy(shrunk - low)[None, :, None]
    expected = (1 - share) * still[:, low] + share * still[:, low + 1]
    assert (grown.int() - still.int()).abs().max() > 100
    assert (grown - expected).abs().max() <= 10


def test_the_inverse_shows_what_was_seen_where_it_lies():
    picture = smooth_picture()
    retina = LogPolar(picture, 64, radius=40.5, padding=33)
    shown = retina.inverse(retina(torch.tensor([0]), MIDDLE))
    assert shown.shape == (1, 3, 83, 83)
    rows, cols = torch.meshgrid(*[torch.arange(-41, 42)] * 2, indexing="ij")
    distances = torch.hypot(rows.float(), cols.float())
    part = picture[0, 23:106, 23:106].permute(2, 0, 1).int()
    error = (shown[0].int() - part).abs()
    assert error[:, distances <= 35].max() <= 6
    assert error[:, distances <= 10].float().mean() <= 1
    assert (shown[0][:, distances > 40.5] == 33).all()
