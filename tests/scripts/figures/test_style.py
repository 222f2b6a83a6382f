"""Legible in print, in grey, and for the colour-blind."""

import io
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from PIL import Image
from saccadeworld.envs import frames
from saccadeworld.envs.colour import linear_to_srgb, srgb_to_linear
from saccadeworld.envs.palette import COLOURS, rgb
from saccadeworld.scripts.figures import as_data_uri, as_image, curves
from saccadeworld.scripts.figures.style import MARKERS, PAGE, in_words, look

# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
# Transactions on Visualization and Computer Graphics 15 (2009), at severity 1, on linear RGB.
SEEN = {
    "normally": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colours: tuple[str, ...], vision: str = "normally") -> np.ndarray:
    """In CIELAB, as they are seen. -> (N, 3)."""
    linear = srgb_to_linear(torch.tensor([to_rgb(colour) for colour in colours], dtype=torch.float64))
    seen = linear_to_srgb((linear @ torch.tensor(np.array(SEEN[vision])).T).clamp(0, 1))
    return cv2.cvtColor(seen.float().numpy()[None], cv2.COLOR_RGB2LAB)[0]


@pytest.mark.parametrize("vision", SEEN)
def test_the_colour_blind_tell_neighbouring_colours_apart(vision: str):
    seen = lab(COLOURS, vision)
    apart = np.linalg.norm(seen - np.roll(seen, -1, axis=0), axis=1)
    assert apart.min() > 20, "two just noticeably different colours are 2.3 apart"
    assert np.linalg.norm(seen - lab(("#FFFFFF",), vision), axis=1).min() > 20, "and from the page"


def test_red_and_green_would_not_do():
    """What the threshold is worth: a palette that the colour-blind confuse."""
    normal, blind = (np.diff(lab(("#C84030", "#7A7A20"), vision), axis=0) for vision in ("normally", "deuteranopia"))
    assert np.linalg.norm(blind) < 20 < np.linalg.norm(normal)


def test_curves_differ_in_more_than_colour():
    looks = [(drawn["color"], drawn["marker"], drawn["linestyle"]) for drawn in map(look, range(56))]
    assert len({one[:2] for one in looks}) == 56
    for near in range(1, len(MARKERS)):
        assert all(a[1] != b[1] for a, b in zip(looks, looks[near:], strict=False)), "eight in a row have marks"
    assert all(a[2] != b[2] for a, b in pairwise(looks))
    lightness = lab(COLOURS)[:, 0]
    assert np.abs(lightness - np.roll(lightness, -1)).min() > 8


def test_frames_have_the_same_colours():
    assert frames._PATH in {rgb(colour) for colour in COLOURS}


def test_figures_are_written_for_the_screen_and_for_print():
    figure = curves(["1", "2"], {"own": [(0.1, 0.01), (0.2, 0.02)]}, {}, "a title")
    assert Image.open(io.BytesIO(as_image(figure))).size[0] < PAGE * 160
    assert as_data_uri(figure).startswith("data:image/png;base64,")
    assert as_image(figure, "pdf").startswith(b"%PDF")
    drawing = as_image(figure, "svg").decode()
    assert "<image" not in drawing, "all of it is lines and letters"
    assert drawing.count("<path") > 10


def test_curves_in_words():
    told = in_words({"a": [(0.123, 0.1), (0.5, 0.1), (0.9, 0.1)], "b": [(1.0, 0), (0.5, 0), (0, 0)]}, ("x", "y", "z"))
    assert told == "a 0.12 at x, 0.90 at z; b 1.00 at x, 0.00 at z"
    assert in_words({"a": [(0.5, 0)]}, [3]) == "a 0.50 at 3"
