from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.envs.retinas.windows import Windows


def noise(count: int, side: int, channels: int = 3) -> torch.Tensor:
    pixels = torch.randint(1, 256, (count, side, side, channels), generator=torch.Generator().manual_seed(side))
    return pixels.to(torch.uint8)


def expected(bank: np.ndarray, scene: int, row: int, col: int, reach: int, padding: int) -> np.ndarray:
    """A window out of a padded copy of one picture."""
    side, far = bank.shape[1], 4 * reach
    padded = np.pad(bank[scene], ((far, far), (far, far), (0, 0)), constant_values=padding)
    row, col = (int(np.clip(corner, -reach, side)) + far for corner in (row, col))
    return padded[row : row + reach, col : col + reach]


@pytest.mark.parametrize(("count", "side", "channels"), [(1, 7, 3), (3, 7, 3), (2, 5, 1), (1, 2, 3), (1, 1, 3)])
@pytest.mark.parametrize("reach", [1, 3, 4, 7, 12])
@pytest.mark.parametrize("padding", [0, 200])
def test_windows_anywhere_are_those_of_a_padded_copy(count, side, channels, reach, padding):
    bank = noise(count, side, channels)
    corners = torch.arange(-reach - 2, side + 3)
    scenes, rows, cols = torch.cartesian_prod(torch.arange(count), corners, corners).unbind(-1)
    cut, corners = Windows(bank, reach, padding), torch.stack([rows, cols], -1)
    for windows in (cut(scenes, corners), cut._by_pixels(scenes, corners)):
        for window, scene, row, col in zip(windows.numpy(), scenes.tolist(), rows.tolist(), cols.tolist(), strict=True):
            assert np.array_equal(window, expected(bank.numpy(), scene, row, col, reach, padding))


def test_corners_far_away_show_padding_alone():
    cut = Windows(noise(2, 6), 4, 77)
    far = torch.tensor([[-(2**40), 0], [0, 2**40], [3, -9], [-4, 2]])
    assert (cut(torch.tensor([0, 1, 0, 1]), far) == 77).all()


def test_a_bank_that_is_not_contiguous():
    bank = noise(3, 6).flip(2).transpose(1, 2)
    windows = Windows(bank, 3, 0)(torch.tensor([2]), torch.tensor([[1, 2]]))
    assert torch.equal(windows[0], bank[2, 1:4, 2:5])


def test_a_bank_in_a_file_is_neither_copied_nor_read_as_a_whole(tmp_path: Path):
    # 48 GiB of pictures in a file with a hole: what is read or copied as a whole would not fit.
    path, side, count = tmp_path / "bank", 256, 2**18
    shape = (count + 1, side, side, 3)
    with open(path, "wb") as file:
        try:
            file.truncate(count * side * side * 3)
        except OSError as error:
            pytest.skip(f"no room for a file with a hole: {error}")
        file.seek(0, 2)
        file.write(noise(1, side).numpy().tobytes())
    mapped = np.memmap(path, np.uint8, "r", shape=shape)
    with pytest.warns(UserWarning, match="not writable"):
        bank = torch.from_numpy(mapped)
    windows = Windows(bank, 40, 9)(torch.tensor([count, count, 7]), torch.tensor([[200, 230], [-8, -8], [-1, 5]]))
    for window, scene, row, col in zip(windows.numpy(), [-1, -1, 7], [200, -8, -1], [230, -8, 5], strict=True):
        assert np.array_equal(window, expected(mapped[[scene]], 0, row, col, 40, 9))
