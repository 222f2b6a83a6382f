import cv2
import numpy as np
import torch
from saccadeworld.saliency.models.channels.colours import lab


def test_colours_are_those_of_opencv():
    colours = np.random.default_rng(0).random((2, 40, 50, 3)).astype(np.float32)
    colours[0, :8] *= 0.05  # the dark, which is linear
    expected = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2Lab) for picture in colours])
    got = lab(torch.from_numpy(colours).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert np.abs(got.numpy() - expected).max() < 0.6, "OpenCV looks its powers up in a coarse table"
    assert np.abs(got.numpy() - expected).mean() < 0.1


def test_colours_are_the_published_ones():
    primaries = torch.eye(3)[:, :, None, None]
    expected = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86]]
    assert torch.allclose(lab(primaries).flatten(1), torch.tensor(expected), atol=0.02)


def test_greys_have_no_colour():
    greys = torch.linspace(0, 1, 256).expand(1, 3, 1, 256)
    lightness, a, b = lab(greys)[0, :, 0]
    assert torch.stack([a, b]).abs().max() < 1e-3
    assert torch.allclose(lightness[[0, -1]], torch.tensor([0.0, 100.0]), atol=1e-3)
    assert (lightness.diff() > 0).all()
