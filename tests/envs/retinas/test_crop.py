import math

import numpy as np
import pytest
import torch
from saccadeworld.envs.retinas import make_retina
from saccadeworld.envs.retinas.crop import Crop

SIDE = 16


@pytest.fixture(scope="module")
def bank() -> torch.Tensor:
    return torch.randint(0, 256, (3, SIDE, SIDE, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def pixel(picture: np.ndarray, row: int, col: int, padding: int) -> np.ndarray:
    inside = 0 <= row < len(picture) and 0 <= col < len(picture)
    return picture[row, col].astype(float) if inside else np.full(3, float(padding))


def resampled(picture: np.ndarray, row: float, col: float, padding: int) -> np.ndarray:
    """The picture between four pixels."""
    top, left = math.floor(row), math.floor(col)
    down, right = row - top, col - left
    upper = (1 - right) * pixel(picture, top, left, padding) + right * pixel(picture, top, left + 1, padding)
    lower = (1 - right) * pixel(picture, top + 1, left, padding) + right * pixel(picture, top + 1, left + 1, padding)
    return (1 - down) * upper + down * lower


def reference(picture: np.ndarray, place: tuple[float, float], fovea: int, padding: int = 0) -> np.ndarray:
    """The window around a place in pixels, pixel by pixel, not rounded. -> (3, fovea, fovea)."""
    window = np.empty((3, fovea, fovea))
    for i in range(fovea):
        for j in range(fovea):
            window[:, i, j] = resampled(picture, place[0] + i - fovea // 2, place[1] + j - fovea // 2, padding)
    return window


def look(retina: Crop, places: torch.Tensor, scene: int = 1) -> np.ndarray:
    """Views at places in pixels, (B, 2)."""
    return retina(torch.full((len(places),), scene), (places / retina.side).float()).numpy()


def every_pixel(side: int = SIDE) -> torch.Tensor:
    return torch.cartesian_prod(torch.arange(side), torch.arange(side)).double()


@pytest.mark.parametrize("subpixel", [False, True])
@pytest.mark.parametrize("fovea", [1, 2, 5, 8, 2 * SIDE])
@pytest.mark.parametrize("padding", [0, 137])
def test_windows_on_every_pixel_equal_the_slow_reference(bank: torch.Tensor, fovea: int, padding: int, subpixel: bool):
    places = every_pixel()[:: 1 if fovea < 8 else 17]
    views = look(Crop(bank, fovea, subpixel=subpixel, padding=padding), places)
    assert views.shape == (len(places), 3, fovea, fovea)
    assert views.dtype == np.uint8
    for view, place in zip(views, places.tolist(), strict=True):
        assert np.array_equal(view, reference(bank[1].numpy(), place, fovea, padding))


@pytest.mark.parametrize("side", [16, 40, 96, 101])
def test_resampling_on_pixels_gives_the_bytes_of_the_fast_way(side: int):
    # Of most pixels, (pixel / side) * side is not the pixel in float32.
    noise = torch.randint(0, 256, (1, side, side, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    places = every_pixel(side)
    fast, exact = (look(Crop(noise, 3, subpixel=subpixel), places, scene=0) for subpixel in (False, True))
    assert np.array_equal(fast, exact)


@pytest.mark.parametrize("fovea", [4, 5])
def test_between_pixels_the_window_is_resampled_and_rounded(bank: torch.Tensor, fovea: int):
    places = torch.rand(60, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * (SIDE - 1)
    places = torch.cat([places, torch.tensor([[0.5, 0.5], [SIDE - 1.25, 0.25], [SIDE - 1, SIDE - 1.5], [0, 7.75]])])
    views = look(Crop(bank, fovea, subpixel=True, padding=90), places)
    for view, place in zip(views, places.tolist(), strict=True):
        assert np.abs(view - reference(bank[1].numpy(), place, fovea, 90)).max() < 0.501


@pytest.mark.parametrize("fovea", [4, 5])
def test_without_resampling_the_nearest_pixel_is_fixated(bank: torch.Tensor, fovea: int):
    places = torch.rand(60, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * (SIDE - 1)
    retina = Crop(bank, fovea)
    assert np.array_equal(look(retina, places), look(retina, places.round()))


@pytest.mark.parametrize("subpixel", [False, True])
@pytest.mark.parametrize("fovea", [5, 6])
def test_outside_the_picture_there_is_padding(bank: torch.Tensor, fovea: int, subpixel: bool):
    places = torch.cartesian_prod(
        *[torch.tensor([-20, -6, -5.25, -1, 3, SIDE + 1.5, SIDE + 3, 99], dtype=torch.float64)] * 2
    )
    views = look(Crop(bank, fovea, subpixel=subpixel, padding=60), places if subpixel else (places + 0.5).floor())
    for view, place in zip(views, (places if subpixel else (places + 0.5).floor()).tolist(), strict=True):
        assert np.abs(view - reference(bank[1].numpy(), place, fovea, 60)).max() < 0.501


@pytest.mark.parametrize("subpixel", [False, True])
@pytest.mark.parametrize("fovea", [7, 8])
def test_moving_picture_and_fixation_together_changes_nothing(subpixel: bool, fovea: int):
    # Sides and fractions that float32 holds exactly. The moved object lies in the middle of an empty picture.
    thing = torch.randint(0, 256, (12, 12, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    bank, places = torch.zeros(9, 64, 64, 3, dtype=torch.uint8), []
    moves = [(0, 0), (1, 0), (0, 1), (7, -9), (-20, -20), (-26, 26), (26, 26), (-26, -26), (3, 11)]
    for picture, (down, right) in zip(bank, moves, strict=True):
        picture[26 + down : 38 + down, 26 + right : 38 + right] = thing
        places.append([31.375 + down, 32.625 + right])
    views = Crop(bank, fovea, subpixel=subpixel)(torch.arange(9), torch.tensor(places) / 64)
    assert (views == views[0]).all()
    assert views[0].float().std() > 10


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fovea": 0}, ValueError, "fovea=0 is out of range; use 1 to 32"),
        ({"fovea": 33}, ValueError, "fovea=33 is out of range; use 1 to 32"),
        ({"fovea": 8.0}, TypeError, "fovea=8.0 is not a whole number"),
        ({"fovea": 8, "padding": 256}, ValueError, "padding=256 is out of range; use 0 to 255"),
        ({"fovea": 8, "subpixel": "no"}, TypeError, "subpixel='no' is neither True nor False"),
        ({"fovea": 8, "levels": 3}, TypeError, "retina 'crop' has no option 'levels'; it takes 'padding', 'subpixel'"),
    ],
)
def test_bad_options_are_named(bank: torch.Tensor, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make_retina("crop", bank, **options)


@pytest.mark.parametrize(
    "change", [torch.Tensor.float, lambda bank: bank[0], lambda bank: bank[:, :3], lambda bank: bank[..., :1]]
)
def test_a_bank_of_no_square_pictures_is_refused(bank: torch.Tensor, change):
    with pytest.raises(ValueError, match=r"pictures must be \(N, S, S, 3\) uint8, got"):
        make_retina("crop", change(bank), 8)
    with pytest.raises(TypeError, match="pictures must be a torch tensor"):
        make_retina("crop", bank.numpy(), 8)  # pyright: ignore[reportArgumentType]


def test_an_unknown_retina_is_refused(bank: torch.Tensor):
    with pytest.raises(ValueError, match="retina='eagle' is not known; use one of 'crop'"):
        make_retina("eagle", bank, 8)
