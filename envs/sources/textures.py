"""Pictures on meshes, decoded and shrunk."""

from __future__ import annotations

import numpy as np
from PIL import Image

TEXTURE_SIDE = 256
# Pillow decodes some formats by running other programs (EPS): textures may come in these only.
_FORMATS = {"PNG", "JPEG", "BMP", "TGA", "TIFF", "GIF", "WEBP"}


class Textures:
    """Decodes the pictures of a scene, each once, and never holds more than one of them at its full size."""

    def __init__(self) -> None:
        self._decoded: dict[int, np.ndarray] = {}

    def read(self, image: Image.Image | None) -> np.ndarray | None:
        """(H, W, 3) uint8, at most TEXTURE_SIDE on each side; None for None.

        Raises:
            ValueError: for a picture of another format, or that cannot be decoded.
        """
        if image is None:
            return None
        if id(image) not in self._decoded:
            self._decoded[id(image)] = _texture(image)
            image.close()
        return self._decoded[id(image)]


def _texture(image: Image.Image) -> np.ndarray:
    if image.format is not None and image.format not in _FORMATS:
        raise ValueError(f"a texture is in the format {image.format}; use one of {', '.join(sorted(_FORMATS))}")
    try:
        small = image.convert("RGB")
    except Exception as error:  # decoders fail on bad files in too many ways to name
        raise ValueError(f"a texture cannot be read ({type(error).__name__}: {error})") from error
    small.thumbnail((TEXTURE_SIDE, TEXTURE_SIDE))
    return np.asarray(small)
