from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from saccadeworld.saliency.models.itti_koch import IttiKoch
from scipy import ndimage


def halved(field: np.ndarray) -> np.ndarray:
    for axis in (0, 1):
        size = field.shape[axis]
        taps = ndimage.correlate1d(field, np.array([1, 5, 10, 10, 5, 1]) / 32, axis, mode="nearest", origin=-1)
        field = taps.take(range(0, size, 2), axis)
    return field


def at_finer_scale(field: np.ndarray, scales: int, size: tuple[int, ...]) -> np.ndarray:
    for axis in (0, 1):
        places = (np.arange(size[axis]) + 0.5) / 2**scales - 0.5
        field = np.apply_along_axis(lambda line, at: np.interp(at, np.arange(len(line)), line), axis, field, places)
    return field


def opponents(picture: np.ndarray) -> list[np.ndarray]:
    """Section 2.1: intensity, RG and BY."""
    colours = picture / 255.0
    intensity = colours.sum(-1) / 3
    hue = np.zeros_like(colours)
    seen = intensity > intensity.max() / 10
    hue[seen] = colours[seen] / intensity[seen][:, None]
    r, g, b = np.moveaxis(hue, -1, 0)
    red, green, blue = r - (g + b) / 2, g - (r + b) / 2, b - (r + g) / 2
    yellow = (r + g) / 2 - abs(r - g) / 2 - b
    red, green, blue, yellow = (np.where(colour < 0, 0, colour) for colour in (red, green, blue, yellow))
    return [intensity, red - green, blue - yellow]


def gabor_energy(intensity: np.ndarray, degrees: float) -> np.ndarray:
    y, x = np.mgrid[-4:5, -4:5]
    envelope = np.exp(-(x**2 + y**2) / (2 * (7 / 3) ** 2))
    along = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    wave = np.exp(2j * np.pi * along / 7)
    wave -= (envelope * wave).sum() / envelope.sum()
    parts = [envelope * wave.real, envelope * wave.imag]
    return np.hypot(*(ndimage.correlate(intensity, part / abs(part).sum(), mode="nearest") for part in parts))


def promoted(field: np.ndarray) -> np.ndarray:
    """Section 2.2: the operator N, pixel by pixel; of neighbours that are equal the first is the maximum."""
    field = (field - field.min()) / np.ptp(field) if np.ptp(field) > 1e-5 else np.zeros_like(field)
    height, width = field.shape
    peaks = []
    for row, col in np.ndindex(height, width):
        around = [(r, c) for r in (row - 1, row, row + 1) for c in (col - 1, col, col + 1)]
        around = [(r, c) for r, c in around if 0 <= r < height and 0 <= c < width]
        if max(around, key=lambda place: field[place]) == (row, col):
            peaks.append(field[row, col])
    others = sorted(peaks)[:-1]
    return field * (1 - (np.mean(others) if others else 0)) ** 2


def reference(picture: np.ndarray) -> np.ndarray:
    """Map by map, in double precision."""
    size = picture.shape[:2]
    scales = min(9, 1 + math.ceil(math.log2(min(size))))
    first = max(0, 2 - (9 - scales))
    target = first + 2
    pyramids = []
    for field in opponents(picture):
        pyramid = [field]
        while len(pyramid) < scales:
            pyramid.append(halved(pyramid[-1]))
        pyramids.append(pyramid)
    oriented = [[gabor_energy(field, angle) for field in pyramids[0]] for angle in (0, 45, 90, 135)]

    def summed(pyramid: list[np.ndarray]) -> np.ndarray:
        total = np.zeros_like(pyramid[target])
        for centre in (first, first + 1, first + 2):
            for surround in (centre + 3, centre + 4):
                if surround < scales:
                    coarse = at_finer_scale(pyramid[surround], surround - centre, pyramid[centre].shape)
                    contrast = promoted(abs(pyramid[centre] - coarse))
                    for _ in range(target - centre):
                        contrast = halved(contrast)
                    total = total + contrast
        return total

    intensity = summed(pyramids[0])
    colour = summed(pyramids[1]) + summed(pyramids[2])
    orientation = sum(promoted(summed(pyramid)) for pyramid in oriented)
    saliency = (promoted(intensity) + promoted(colour) + promoted(orientation)) / 3
    saliency = at_finer_scale(saliency, target, size)
    return saliency / saliency.sum()


def assert_equals_the_reference(pictures: np.ndarray):
    maps = IttiKoch()(torch.from_numpy(pictures)).double().numpy()
    assert maps.shape == pictures.shape[:3]
    for got, picture in zip(maps, pictures, strict=True):
        expected = reference(picture)
        assert np.abs(got - expected).max() < 1e-3 * expected.max()


def rough(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(2, height, width, 3))
    smooth = ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 0))
    return (110 + 35 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (32, 32), (33, 70), (96, 96), (101, 64), (128, 128), (129, 160)])
def test_maps_equal_a_slow_implementation(size: tuple[int, int]):
    assert_equals_the_reference(rough(*size))


def test_maps_of_photographs_equal_a_slow_implementation(photographs: np.ndarray):
    assert_equals_the_reference(photographs)


def array_of_bars(odd_hue: tuple[int, int, int], odd_upright: bool) -> tuple[torch.Tensor, np.ndarray]:
    """Upright green bars in 6 rows of 8, each moved a little, of which that in row 1, column 5 is the odd one."""
    random = np.random.default_rng(0)
    picture, odd = np.full((384, 512, 3), 30, dtype=np.uint8), np.zeros((384, 512), dtype=bool)
    for row, col in np.ndindex(6, 8):
        special = (row, col) == (1, 5)
        upright = odd_upright if special else True
        long, short = (34, 10) if upright else (10, 34)
        y, x = np.array([row, col]) * 64 + 32 + random.integers(-8, 9, 2)
        inside = (slice(y - long // 2, y + long // 2), slice(x - short // 2, x + short // 2))
        picture[inside] = odd_hue if special else (30, 160, 30)
        odd[inside] = special
    return torch.from_numpy(picture), odd


@pytest.mark.parametrize(
    ("hue", "upright"), [((160, 30, 30), True), ((30, 160, 30), False), ((100, 255, 100), True)], ids=str
)
def test_the_odd_one_pops_out(hue: tuple[int, int, int], upright: bool):
    """Figure 3 of the paper: an item of its own colour or orientation, or brighter than the others."""
    picture, odd = array_of_bars(hue, upright)
    saliency = IttiKoch()(picture[None])[0].numpy()
    near = ndimage.binary_dilation(odd, iterations=12)
    assert near[np.unravel_index(saliency.argmax(), saliency.shape)]
    assert saliency[odd].mean() > 2 * saliency[~near].mean()


def test_a_spot_pops_out_of_a_small_picture():
    rows, cols = np.mgrid[:96, :96]
    spot = np.hypot(rows - 30, cols - 62) < 5
    picture = np.where(spot[..., None], (250, 240, 250), (60, 70, 60)).astype(np.uint8)
    saliency = IttiKoch()(torch.from_numpy(picture)[None])[0].numpy()
    row, col = np.unravel_index(saliency.argmax(), saliency.shape)
    assert np.hypot(row - 30, col - 62) < 6


def test_a_flat_picture_has_a_uniform_map():
    flat = torch.full((1, 60, 90, 3), 77, dtype=torch.uint8)
    assert torch.allclose(IttiKoch()(flat), torch.tensor(1 / 5400))


def test_one_hue_in_the_dark_is_not_seen():
    """Hue counts only where a picture has a tenth of its greatest intensity."""
    picture = torch.full((1, 160, 160, 3), 200, dtype=torch.uint8)
    picture[:, :, 80:] = torch.tensor([10, 10, 10], dtype=torch.uint8)
    tinted = picture.clone()
    tinted[:, 40:60, 110:130] = torch.tensor([20, 0, 10], dtype=torch.uint8)  # of the same intensity
    assert torch.allclose(IttiKoch()(picture), IttiKoch()(tinted), atol=1e-7)
