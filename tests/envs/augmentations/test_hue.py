import colorsys

import numpy as np
import torch
from saccadeworld.envs.augmentations.hue import shift_hue


def reference(picture: np.ndarray, shift: float) -> np.ndarray:
    """(3, H, W) levels -> (3, H, W), pixel by pixel with colorsys."""
    pixels = []
    for rgb in (picture / 255).reshape(3, -1).T:
        hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
        pixels.append(colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value))
    return 255 * np.array(pixels).T.reshape(picture.shape)


def test_hues_are_shifted_as_by_colorsys(levels):
    shifts = torch.linspace(-0.5, 0.5, 24)
    small = levels[:, :, :12, :12]
    for got, picture, shift in zip(shift_hue(small, shifts), small.double().numpy(), shifts.tolist(), strict=True):
        assert np.abs(got.numpy() - reference(picture, shift)).max() <= 0.51


def test_hues_are_shifted_as_by_torchvision(levels, transforms):
    shifts = torch.linspace(-0.1, 0.1, 24)
    for got, picture, shift in zip(shift_hue(levels, shifts), levels.byte(), shifts.tolist(), strict=True):
        assert (got - transforms.adjust_hue(picture, shift).float()).abs().max() <= 1


def test_nothing_and_whole_turns_change_nothing(levels):
    for turns in (0.0, 1.0, -1.0):
        assert torch.equal(shift_hue(levels, torch.full((24,), turns)), levels)


def test_thirds_of_a_turn_exchange_the_channels(levels):
    assert torch.equal(shift_hue(levels, torch.full((24,), 1 / 3)), levels.roll(1, dims=1))


def test_primaries_go_round():
    red = torch.tensor([200.0, 0, 0])[None, :, None, None].expand(6, 3, 1, 1)
    got = shift_hue(red, torch.arange(6) / 6)[:, :, 0, 0]
    expected = [[200, 0, 0], [200, 200, 0], [0, 200, 0], [0, 200, 200], [0, 0, 200], [200, 0, 200]]
    assert got.tolist() == expected
