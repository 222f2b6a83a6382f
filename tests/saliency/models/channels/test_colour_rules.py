import cv2
import numpy as np
import torch
from saccadeworld.saliency.models.channels.redness import redness
from saccadeworld.saliency.models.channels.skin import skin
from scipy import ndimage


def test_skin_is_where_both_rules_say_so():
    colours = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    red, green, blue = colours.astype(int).transpose(2, 0, 1)
    _, cr, cb = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb).transpose(2, 0, 1) * 255
    lightest, darkest = colours.max(-1).astype(int), colours.min(-1).astype(int)
    daylight = (red > 95) & (green > 40) & (blue > 20) & (lightest - darkest > 15)
    daylight &= (abs(red - green) > 15) & (red > green) & (red > blue)
    chromatic = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)
    got = skin(torch.from_numpy(colours).permute(2, 0, 1)[None].float() / 255)[0, 0].numpy()
    assert np.mean(got != (chromatic & daylight)) < 2e-3, "but for rounding at the edge of a rule"
    assert 0.01 < got.mean() < 0.2


def test_skin_is_found_and_what_has_other_colours_is_not():
    colours = {
        "light": (224, 172, 140),
        "dark": (141, 85, 60),
        "sky": (120, 170, 230),
        "grass": (80, 140, 50),
        "grey": (150,) * 3,
    }
    pictures = torch.tensor(list(colours.values())).view(-1, 3, 1, 1) / 255
    assert skin(pictures).flatten().tolist() == [1, 1, 0, 0, 0]


def test_redness_is_the_positive_part_of_a_difference_of_gaussians():
    opponents = np.random.default_rng(0).normal(size=(2, 3, 40, 50))

    def smooth(sigma: float) -> np.ndarray:
        reach = int(np.ceil(3 * sigma))
        return ndimage.gaussian_filter(opponents[:, 1], (0, sigma, sigma), mode="nearest", radius=(0, reach, reach))

    expected = (smooth(2.0) - smooth(3.2)).clip(0)
    assert np.abs(redness(torch.from_numpy(opponents).float(), 2.0)[:, 0].numpy() - expected).max() < 1e-5
