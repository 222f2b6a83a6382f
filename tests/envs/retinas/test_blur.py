import math

import numpy as np
import pytest
import torch
from saccadeworld.envs.retinas.blur import Blur
from scipy import ndimage

SIDE = 24


def reference(picture: np.ndarray, place: tuple[int, int], fovea: int, degrees: float, padding: int) -> np.ndarray:
    """By SciPy, on float pictures that continue far outside, pixel by pixel. -> (S, S, 3), not rounded."""
    far, degree = 64, degrees / len(picture)
    levels = [np.pad(picture.astype(float), ((far, far), (far, far), (0, 0)), constant_values=padding)]
    for level in range(5):
        kernel = np.zeros(4 * 2**level + 1)
        kernel[:: 2**level] = np.array([1, 4, 6, 4, 1]) / 16
        rows = ndimage.correlate1d(levels[-1], kernel, axis=0, mode="nearest")
        levels.append(ndimage.correlate1d(rows, kernel, axis=1, mode="nearest"))
    deepest = lost(math.ceil(math.sqrt(2) * len(picture)) * degree, fovea * degree)
    view = np.empty(picture.shape)
    for row in range(len(picture)):
        for col in range(len(picture)):
            depth = min(deepest, lost(math.dist((row, col), place) * degree, fovea * degree))
            depth = round(16 * depth) / 16
            finer = math.floor(depth)
            fine, coarse = (levels[level][far + row, far + col] for level in (finer, finer + 1))
            view[row, col] = fine + (depth - finer) * (coarse - fine)
    return view


def lost(eccentricity: float, fovea: float) -> float:
    """Octaves, both in degrees."""
    return max(0.0, math.log2((eccentricity + 2.3) / (fovea / 2 + 2.3)))


@pytest.mark.parametrize(("fovea", "degrees"), [(1, 30.0), (4, 10.0), (3, 90.0), (8, 30.0), (20, 30.0)])
@pytest.mark.parametrize("padding", [0, 137])
def test_pictures_are_those_of_the_slow_reference(fovea: int, degrees: float, padding: int):
    bank = torch.randint(0, 256, (2, SIDE, SIDE, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    places = torch.tensor([[12, 12], [0, 23], [-9, 4], [70, 30]])
    views = Blur(bank, fovea, degrees=degrees, padding=padding)(torch.ones(4, dtype=torch.int64), places / SIDE)
    for view, place in zip(views.permute(0, 2, 3, 1).numpy(), places.tolist(), strict=True):
        # Levels are rounded to an eighth of a grey level twice each, and views to one.
        error = np.abs(view - reference(bank[1].numpy(), place, fovea, degrees, padding))
        assert error.max() < 0.5 + 0.3
        assert error.mean() < 0.3


def test_the_fovea_is_as_sharp_as_the_picture_and_the_rest_is_not():
    bank = torch.randint(0, 256, (1, 96, 96, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    view = Blur(bank, 32)(torch.tensor([0]), torch.tensor([[0.25, 0.5]]))[0]
    rows, cols = torch.meshgrid(torch.arange(96) - 24, torch.arange(96) - 48, indexing="ij")
    distances = torch.hypot(rows.float(), cols.float())
    same = (view == bank[0].permute(2, 0, 1)).all(0)
    assert same[distances <= 16].all()
    assert same[distances > 24].float().mean() < 0.05
    spread = [view[:, (distances > low) & (distances < low + 10)].float().std() for low in (6, 26, 46)]
    assert spread[0] > 2 * spread[1] > 3 * spread[2]


def test_a_fovea_wider_than_the_picture_sees_all_of_it():
    bank = torch.randint(0, 256, (1, 16, 16, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    views = Blur(bank, 32)(torch.tensor([0]), torch.tensor([[0.5, 0.5]]))
    assert torch.equal(views[0], bank[0].permute(2, 0, 1))


@pytest.mark.parametrize("grey", [0, 1, 128, 254, 255])
def test_a_plain_picture_stays_as_it_is(grey: int):
    bank = torch.full((1, 32, 32, 3), grey, dtype=torch.uint8)
    views = Blur(bank, 1, degrees=180, padding=grey)(
        torch.zeros(2, dtype=torch.int64), torch.tensor([[0, 0], [0.9, 2]])
    )
    assert (views == grey).all()


def test_detail_beyond_the_cutoff_is_gone():
    """A grating of half the resolution left at some eccentricity, on average over its phases: below a tenth there."""
    fovea, degrees, side = 8, 30.0, 96
    degree = degrees / side
    cols = torch.arange(side)
    for octaves in (1, 2):
        distance = ((fovea / 2 * degree + 2.3) * 2**octaves - 2.3) / degree
        col = math.ceil(48 + distance)
        assert col < side - 5
        # The picture's own limit is 1/2 cycle per pixel; after so many octaves it is 1/2^(octaves + 1).
        grating = 128 + 100 * torch.cos(2 * math.pi * cols * 0.5 * 2**-octaves * 2**0.75)
        bank = grating.round().to(torch.uint8)[None, None, :, None].expand(1, side, side, 3).contiguous()
        view = Blur(bank, fovea, degrees=degrees, padding=128)(torch.tensor([0]), torch.tensor([[0.5, 0.5]]))[0, 0, 48]
        assert (view[col : col + 5].float() - 128).abs().max() < 10 < (view[46:51].float() - 128).abs().max()
