"""Pictures for the page: arrays as PNG in addresses of their own, and heat over what may be seen of a picture."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from ..figures import heat


def data_url(picture: np.ndarray) -> str:
    """(H, W, 3) uint8 -> the address of a PNG that holds it."""
    content = BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def heated(picture: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    """A map over its picture, see `figures.heat`. (H, W, 3) uint8, (H, W) -> (H, W, 3) uint8."""
    return (255 * heat(picture, saliency)).round().astype(np.uint8)
