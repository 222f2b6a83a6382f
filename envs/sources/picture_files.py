"""One picture from one file, through Pillow: any size, mode and depth, as a square of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Named, so that no file can call on a decoder that runs other programs (Pillow's EPS does).
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
BACKGROUND = (128, 128, 128)
_LARGE = 16_000_000  # pixels
_LARGE_ONES = Lock()
_WHITES = {"I": (255, 65535), "F": (1, 255, 65535)}


def read_picture(path: str | Path | BytesIO, size: int, background: tuple[int, int, int] = BACKGROUND) -> np.ndarray:
    """The central square of one picture, (size, size, 3) uint8 sRGB; see `pictures.load_pictures`.

    The picture is in a file, or what a file would hold.

    Raises:
        OSError, ValueError: for a file that is not there, is no picture, or is damaged.
    """
    with _opened(path, (2 * size, 2 * size)) as image:
        square = _upright(image)
        width, height = square.size
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        square = square.resize(
            (size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side), reducing_gap=3.0
        )
    return _opaque(square, background)


def read_whole(path: str | Path, background: tuple[int, int, int] = BACKGROUND) -> np.ndarray:
    """All of one picture as it is, (H, W, 3) uint8 sRGB; otherwise as `read_picture`."""
    with _opened(path) as image:
        return _opaque(_upright(image), background)


def resize_square(picture: np.ndarray, size: int) -> np.ndarray:
    """A square picture at another size, resampled as `read_picture` does. (S, S, 3) uint8 -> (size, size, 3) uint8."""
    if len(picture) == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0))


@contextmanager
def _opened(path: str | Path | BytesIO, least: tuple[int, int] | None = None) -> Iterator[Image.Image]:
    """A picture, not decoded yet; of large ones, which take gigabytes to decode, one at a time in all threads.

    Args:
        path: the file, or what a file would hold.
        least: sides below which it must not be decoded; JPEG can be at 1/2, 1/4 or 1/8 of its own.
    """
    file = path if isinstance(path, BytesIO) else Path(path)
    if isinstance(file, Path) and not file.is_file():
        raise FileNotFoundError(f"no file {file}")
    if (file.stat().st_size if isinstance(file, Path) else file.getbuffer().nbytes) == 0:
        raise ValueError("empty file")
    try:
        with Image.open(file, formats=FORMATS) as image:
            if least is not None:
                image.draft(None, least)
            with _LARGE_ONES if image.width * image.height > _LARGE else nullcontext():
                yield image
    except UnidentifiedImageError:
        raise ValueError("cannot identify it as a picture") from None
    except (OSError, ValueError):
        raise
    except Exception as error:  # decoders fail on bad files in too many ways to name
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _upright(image: Image.Image) -> Image.Image:
    """The picture, decoded and turned as its EXIF orientation says, in mode L, RGB or RGBA."""
    ImageOps.exif_transpose(image, in_place=True)
    return _to_bytes(image)


def _opaque(image: Image.Image, background: tuple[int, int, int]) -> np.ndarray:
    """(H, W, 3) uint8."""
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image)
    return np.asarray(image.convert("RGB"))


def _to_bytes(image: Image.Image) -> Image.Image:
    """The same picture in mode L, RGB or RGBA."""
    if image.mode.startswith("I;16"):
        return _grey(np.asarray(image), 65535)
    if image.mode in _WHITES:
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError("holds values that are not finite")
        low, high = values.min(), values.max()
        white = next((w for w in _WHITES[image.mode] if low >= 0 and high <= w), None)
        return _grey(values, white) if white else _grey(values - low, max(high - low, 1e-30))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def _grey(values: np.ndarray, white: float) -> Image.Image:
    return Image.fromarray((values / white * 255 + 0.5).astype(np.uint8))
