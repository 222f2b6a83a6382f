"""Pictures of episodes for people to look at: scanpaths drawn on pictures, views side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .palette import ORANGE, rgb

FRAME_SIDE = 384
_PATH, _HERE, _OUTLINE = rgb(ORANGE), (255, 255, 255), (0, 0, 0)


def enlarge(picture: np.ndarray, height: int = FRAME_SIDE) -> np.ndarray:
    """A picture brought to a height in pixels without smoothing. (H, W, 3) uint8 -> (height, w, 3) uint8."""
    width = max(1, round(height * picture.shape[1] / picture.shape[0]))
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST))


def side_by_side(frames: Sequence[np.ndarray], gap: int = 8) -> np.ndarray:
    """Frames of one height in a row, (H, W_i, 3) uint8 -> (H, sum of W_i and the gaps, 3) uint8."""
    spacer = np.full((frames[0].shape[0], gap, 3), 255, dtype=np.uint8)
    row = [part for frame in frames for part in (spacer, frame)]
    return np.concatenate(row[1:], axis=1)


def tile(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Frames of one size in rows and columns, about as many of either, (H, W, 3) uint8 each -> (h, w, 3) uint8."""
    columns = math.ceil(math.sqrt(len(frames)))
    blank = [np.zeros_like(frames[0])] * (-len(frames) % columns)
    grid = [*frames, *blank]
    rows = [np.concatenate(grid[i : i + columns], axis=1) for i in range(0, len(grid), columns)]
    return np.concatenate(rows, axis=0)


def draw_scanpath(frame: np.ndarray, fixations: np.ndarray, side: int, fovea: int) -> np.ndarray:
    """A scanpath over an enlarged picture: numbered fixations, and the fovea around the last one.

    Args:
        frame: (H, H, 3) uint8.
        fixations: (t, 2) pixels (row, col) of the picture before it was enlarged.
        side: side of that picture in pixels.
        fovea: side of the fovea in its pixels.

    Returns:
        (H, H, 3) uint8.
    """
    scale = frame.shape[0] / side
    image = Image.fromarray(frame)
    pen = ImageDraw.Draw(image)
    points = [((col + 0.5) * scale, (row + 0.5) * scale) for row, col in fixations]
    for width, colour in ((5, _OUTLINE), (2, _PATH)):
        pen.line(points, fill=colour, width=width, joint="curve")
    for number, (x, y) in enumerate(points, start=1):
        pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill=_PATH, outline=_OUTLINE, width=2)
        pen.text((x, y), str(number), fill=_OUTLINE, anchor="mm")
    x, y = ((value - fovea // 2) * scale for value in fixations[-1][::-1])
    for inset, colour in ((0, _OUTLINE), (2, _HERE)):
        pen.rectangle(
            (x + inset, y + inset, x + fovea * scale - inset, y + fovea * scale - inset), outline=colour, width=2
        )
    return np.asarray(image)


def draw_box(frame: np.ndarray, top: float, left: float, height: float, width: float) -> np.ndarray:
    """The outline of a box, all in sides of the frame. (H, H, 3) uint8 -> (H, H, 3) uint8."""
    side = frame.shape[0]
    image = Image.fromarray(frame)
    pen = ImageDraw.Draw(image)
    for inset, colour in ((0, _OUTLINE), (2, _HERE)):
        corners = [left * side + inset, top * side + inset]
        opposite = [(left + width) * side - 1 - inset, (top + height) * side - 1 - inset]
        pen.rectangle((*corners, *opposite), outline=colour, width=2)
    return np.asarray(image)
