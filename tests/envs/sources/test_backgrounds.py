import os
from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.envs.sources import backgrounds
from saccadeworld.envs.sources.backgrounds import axes_of, make_backgrounds
from saccadeworld.envs.sources.pictures import load_pictures

SIZE = 96


def seeds(count: int, purpose: str = "test") -> torch.Tensor:
    return draws.bits(torch.zeros(count, dtype=torch.int64), torch.arange(count), purpose)[:, 0]


def power_slope(images: np.ndarray) -> tuple[np.ndarray, float]:
    """Exponents of the radially averaged power spectra of (N, S, S), and of their mean, from 3 to 0.35 S cycles.

    A Hann window keeps what does not match at opposite edges from leaking into high frequencies.
    """
    side = images.shape[-1]
    window = np.hanning(side + 1)[:-1]
    centred = (images - images.mean((1, 2), keepdims=True)) * window * window[:, None]
    power = np.abs(np.fft.fft2(centred)) ** 2
    cycles = np.fft.fftfreq(side, 1 / side)
    radius = np.rint(np.hypot(cycles, cycles[:, None])).astype(int)
    radii = np.arange(3, int(0.35 * side))
    radial = np.stack([power[:, radius == r].mean(1) for r in radii], 1)
    slopes = np.polyfit(np.log(radii), np.log(radial).T, 1)[0]
    return slopes, np.polyfit(np.log(radii), np.log(radial.mean(0)), 1)[0]


def gradient_kurtosis(images: np.ndarray) -> np.ndarray:
    """Fourth moment of horizontal differences over the square of their second, (N,): 3 for Gaussian noise."""
    steps = np.diff(images, axis=2).reshape(len(images), -1)
    steps = steps - steps.mean(1, keepdims=True)
    return (steps**4).mean(1) / (steps**2).mean(1) ** 2


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """(256, S, S, 3) in [0, 1]."""
    rows = [make_backgrounds(chunk, SIZE) for chunk in seeds(256).split(16)]
    return torch.cat(rows).movedim(1, -1).double().numpy()


def test_shape_range_and_determinism():
    whole = make_backgrounds(seeds(20), SIZE)
    assert whole.shape == (20, 3, SIZE, SIZE)
    assert whole.dtype == torch.float32
    assert whole.min() >= 0
    assert whole.max() <= 1
    for i in (0, 7, 19):
        assert torch.equal(whole[i : i + 1], make_backgrounds(seeds(20)[i : i + 1], SIZE))
    assert not torch.equal(whole, make_backgrounds(seeds(20, "other"), SIZE))


@pytest.mark.parametrize("size", [32, 97, 160])
def test_other_sizes(size: int):
    assert make_backgrounds(seeds(2), size).shape == (2, 3, size, size)


def test_noise_has_the_stated_spectrum_and_variance():
    noise = torch.cat([backgrounds._noise(chunk, SIZE) for chunk in seeds(128).split(16)]).double().numpy()
    power = (noise**2).mean((0, 2, 3))
    assert np.allclose(power, np.square([1, 0.27, 0.09]), rtol=0.1)
    for channel in range(3):
        _, of_mean = power_slope(noise[:, channel])
        assert -2.35 < of_mean < -1.85  # amplitude exponents from 0.9 to 1.2
    assert np.median(gradient_kurtosis(noise[:, 0])) < 3.3  # no edges
    down, right = (np.square(np.diff(noise[:, 0], axis=axis)).mean() for axis in (1, 2))
    assert 0.97 < down / right < 1.03
    correlation = np.corrcoef(noise.transpose(1, 0, 2, 3).reshape(3, -1))
    assert np.abs(correlation - np.eye(3)).max() < 0.1


def test_noise_does_not_repeat_itself_across_the_edges():
    noise = backgrounds._noise(seeds(64), SIZE)[:, 0]
    adjacent = (noise[:, :, 1:] - noise[:, :, :-1]).square().mean()
    across = (noise[:, :, 0] - noise[:, :, -1]).square().mean()
    assert across > 3 * adjacent


def test_leaves_hide_one_another():
    tops = backgrounds._leaves(seeds(64), SIZE)
    assert tops.min() == 0
    assert tops.max() == 64
    hidden = (tops == 0).float().mean((1, 2))
    assert hidden.min() < 0.5  # from cluttered
    assert hidden.max() > 0.8  # to open


def test_axes_of_a_turned_rectangle():
    """A box 0.3 long and 0.1 high, its length turned 30 degrees towards the rows, against its corners by hand."""
    terms = axes_of(torch.tensor([0.4, 0.6]), torch.tensor(np.pi / 6), torch.tensor([0.15, 0.05]), 200)
    inside = torch.maximum((terms[0] + terms[1]).abs(), (terms[2] + terms[3]).abs()) < 1
    assert inside.shape == (200, 200)
    assert abs(inside.float().mean().item() - 0.03) < 0.002
    rows, columns = torch.nonzero(inside).T / 200
    corner = np.array([0.15 * np.sin(np.pi / 6) + 0.05 * np.cos(np.pi / 6), 0.15 * np.cos(np.pi / 6) + 0.05 * 0.5])
    assert np.allclose([rows.max() - 0.4, columns.max() - 0.6], corner, atol=0.012)
    assert np.corrcoef(rows, columns)[0, 1] > 0.5


def test_natural_statistics(pictures: np.ndarray):
    """Photographs have exponents about -2, mostly from -3 to -1.5 (Torralba & Oliva 2003), and sparse edges."""
    grey = pictures.mean(-1)
    slopes, of_mean = power_slope(grey)
    assert -3.0 < of_mean < -2.0
    assert np.quantile(slopes, 0.05) > -3.4
    assert np.quantile(slopes, 0.95) < -1.8
    kurtosis = gradient_kurtosis(grey)
    assert np.median(kurtosis) > 7
    assert np.quantile(kurtosis, 0.05) > 3


def test_statistics_are_near_those_of_real_pictures(pictures: np.ndarray):
    root = os.environ.get("SACCADEWORLD_DATA")
    if root is None or not (Path(root) / "images" / "caltech20").is_dir():
        pytest.skip("SACCADEWORLD_DATA names no folder with real data")
    real = load_pictures(Path(root) / "images" / "caltech20", "train", SIZE).pictures.double().numpy() / 255

    def measures(images: np.ndarray) -> dict[str, float]:
        red, green, blue = np.moveaxis(images, -1, 0)
        grey = images.mean(-1)
        values = {
            "gradient kurtosis": gradient_kurtosis(grey),
            "gradient": np.sqrt(np.square(np.diff(grey, axis=2)).mean((1, 2))),
            "brightness": grey.std((1, 2)),
            "blue against red": (red - blue).std((1, 2)),
            "green against both": (2 * green - red - blue).std((1, 2)),
        }
        return {name: float(np.median(value)) for name, value in values.items()}

    ours, theirs = measures(pictures), measures(real)
    for name in theirs:
        assert 0.6 < ours[name] / theirs[name] < 1.6, (name, ours[name], theirs[name])
    slopes = [np.median(power_slope(images.mean(-1))[0]) for images in (pictures, real)]
    assert abs(slopes[0] - slopes[1]) < 0.5, slopes
    spread = [np.quantile(images.mean((1, 2, 3)), [0.05, 0.95]) for images in (pictures, real)]
    assert np.abs(spread[0] - spread[1]).max() < 0.15, spread


def test_every_tensor_is_on_the_device_of_the_seeds():
    """The meta device refuses, like a GPU, to mix with the CPU."""
    assert make_backgrounds(seeds(4).to("meta"), SIZE).is_meta
