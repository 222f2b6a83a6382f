import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.models.boolean_maps import BooleanMaps, attention
from saccadeworld.saliency.models.channels.colours import lab
from scipy import ndimage


def surrounded(boolean: np.ndarray) -> np.ndarray:
    """Regions of either value that touch no border, found by filling from it."""
    marked = np.zeros(boolean.shape, dtype=bool)
    for value in (True, False):
        regions, _ = ndimage.label(boolean == value)
        touching = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
        marked |= (regions > 0) & ~np.isin(regions, touching)
    return marked


def reference_attention(channels: np.ndarray, opening: int, dilation: int) -> np.ndarray:
    """Zhang & Sclaroff (2013), algorithm 1 up to the mean attention map, map by map. (K, H, W) -> (H, W)."""
    total = np.zeros(channels.shape[1:])
    for channel in channels:
        for threshold in range(0, 256, 8):
            for boolean in (channel > threshold, channel <= threshold):
                square = np.ones((opening, opening), np.uint8)
                opened = cv2.morphologyEx(boolean.astype(np.uint8), cv2.MORPH_OPEN, square)
                marked = cv2.dilate(surrounded(opened > 0).astype(np.uint8), np.ones((dilation, dilation), np.uint8))
                total += marked / max(1, np.linalg.norm(marked))
    return total


def textures(height: int, width: int, count: int = 2) -> np.ndarray:
    """Smooth noise, (count, 3, H, W) float32 in [0, 255]."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(count, 3, height, width)), (0, 0, 2, 2))
    return (128 + 60 * noise / noise.std()).clip(0, 255).astype(np.float32)


@pytest.mark.parametrize("widths", [(1, 1), (1, 3), (3, 5), (5, 7)])
def test_attention_is_that_of_the_paper(widths: tuple[int, int]):
    channels = textures(40, 52)
    got = attention(torch.from_numpy(channels), *widths).numpy()
    for one, picture in zip(got, channels, strict=True):
        assert np.abs(one - reference_attention(picture, *widths)).max() < 1e-4


def reference(picture: np.ndarray) -> np.ndarray:
    """The whole model. (H, W, 3) uint8 -> (H, W), of sum 1."""
    height, width = picture.shape[:2]
    longer = min(200, max(height, width))
    scale = longer / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = np.stack([resized(channel, size) for channel in picture.transpose(2, 0, 1).astype(np.float32) / 255], -1)
    lightness, red, blue = lab(torch.from_numpy(small).permute(2, 0, 1)[None])[0].numpy()
    channels = np.stack([lightness * 2.55, red + 128, blue + 128])
    opening, dilation, last = (max(1, 2 * round((share * longer / 600 - 1) / 2) + 1) for share in (5, 7, 23))
    maps = cv2.dilate(reference_attention(channels, opening, dilation), np.ones((last, last), np.uint8))
    sigma = 20 * longer / 600
    maps = ndimage.gaussian_filter(maps, sigma, mode="nearest", radius=int(np.ceil(3 * sigma)))
    maps = resized(maps.astype(np.float32), (width, height))
    return maps / maps.sum()


def resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


@pytest.mark.parametrize("size", [(150, 200), (96, 96), (20, 64)])
def test_maps_of_photographs_are_those_of_an_independent_implementation(photographs: np.ndarray, size: tuple[int, int]):
    pictures = np.stack([np.asarray(Image.fromarray(p).resize(size[::-1])) for p in photographs])
    maps = BooleanMaps()(torch.from_numpy(pictures)).numpy()
    for got, picture in zip(maps, pictures, strict=True):
        expected = reference(picture)
        difference = np.abs(got - expected)  # at pixels within rounding of a threshold, and at the end of winding paths
        assert difference.max() < 0.05 * expected.max()
        assert difference.mean() < 0.02 * expected.mean()


def test_what_is_surrounded_is_salient_and_what_touches_the_border_is_not():
    picture = torch.full((1, 90, 120, 3), 200, dtype=torch.uint8)
    picture[:, 40:55, 30:45] = torch.tensor([200, 30, 30], dtype=torch.uint8)
    picture[:, 40:55, 105:] = torch.tensor([200, 30, 30], dtype=torch.uint8)
    maps = BooleanMaps()(picture)[0]
    assert maps[40:55, 30:45].mean() > 1000 * maps[40:55, 105:].mean()
