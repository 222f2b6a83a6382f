import numpy as np
import pytest
import torch
from saccadeworld.envs.retinas.pyramid import Pyramid

SIDE = 20


def reference(picture: np.ndarray, place: tuple[int, int], fovea: int, levels: int, padding: int) -> np.ndarray:
    """Block by block. -> (3, levels * fovea, fovea), not rounded."""
    far = (fovea << levels) + SIDE
    padded = np.pad(picture.astype(float), ((far, far), (far, far), (0, 0)), constant_values=padding)
    view = np.empty((3, levels * fovea, fovea))
    for level in range(levels):
        block = 2**level
        for i in range(fovea):
            for j in range(fovea):
                row, col = (int(p) + far + (k - fovea // 2) * block for p, k in zip(place, (i, j), strict=True))
                view[:, level * fovea + i, j] = padded[row : row + block, col : col + block].mean((0, 1))
    return view


@pytest.mark.parametrize(("fovea", "levels"), [(1, 6), (4, 3), (5, 4), (6, 1), (40, 1), (39, 2), (2, 6)])
@pytest.mark.parametrize("padding", [0, 137])
def test_windows_are_means_over_blocks(fovea: int, levels: int, padding: int):
    bank = torch.randint(0, 256, (2, SIDE, SIDE, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    places = torch.tensor([[10, 10], [0, 0], [19, 7], [-3, 22], [5, -11], [13, 18]])
    views = Pyramid(bank, fovea, levels=levels, padding=padding)(torch.ones(6, dtype=torch.int64), places / SIDE)
    for view, place in zip(views.numpy(), places.tolist(), strict=True):
        expected = np.floor(reference(bank[1].numpy(), place, fovea, levels, padding) + 0.5)
        assert np.array_equal(view, expected)


def test_sums_of_the_coarsest_level_do_not_overflow():
    white = torch.full((1, 256, 256, 3), 255, dtype=torch.uint8)
    view = Pyramid(white, 1, levels=8)(torch.tensor([0]), torch.full((1, 2), 0.25))
    assert (view == 255).all()


def test_levels_when_left_out():
    bank = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    assert [Pyramid(bank, fovea).levels for fovea in (1, 10, 19, 20, 21, 39, 40)] == [3, 3, 3, 2, 2, 2, 1]


def test_it_is_displayed_with_every_window_in_its_place():
    ramp = torch.arange(64, dtype=torch.uint8)[:, None, None].expand(64, 64, 3)[None].contiguous()
    retina = Pyramid(ramp, 8)
    view, merged = retina.display(retina(torch.tensor([0]), torch.tensor([[0.5, 0.5]]))[0])
    assert view.shape == (3, 24, 8)
    assert merged.shape == (3, 32, 32)
    rows = torch.arange(16, 48)
    assert torch.equal(merged[0, 12:20, 12], rows[12:20].to(torch.uint8))  # the finest, in the middle
    assert ((merged[0, :, 0] - (rows - rows % 4 + 1.5)).abs() <= 0.5).all()  # the coarsest, rounded up
