"""Pictures from a folder with a subfolder per class, of any size and mode, as one tensor of squares."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from .banks import PictureSet, Skipped, Split
from .splits import find_instances, warn_of_skipped

# Named, so that no file can call on a decoder that runs other programs (Pillow's EPS does).
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
BACKGROUND = (128, 128, 128)
_WHITES = {"I": (255, 65535), "F": (1, 255, 65535)}


def load_pictures(
    folder: str | Path,
    split: Split,
    size: int = 96,
    *,
    test_fraction: float = 0.2,
    background: tuple[int, int, int] = BACKGROUND,
    device: str | torch.device = "cpu",
    threads: int | None = None,
) -> PictureSet:
    """Load one split of a folder of pictures; see `splits.find_instances` for its layout.

    A picture is turned as its EXIF orientation says, cropped to the central square and resampled (Lanczos, antialiased)
    to `size` x `size`; smaller ones are enlarged. Transparent pixels show `background`. Grey values of 16 bits are
    scaled by their nominal range. Those of 32 bits and of floating point have none: the white is the smallest of 1
    (floating point only), 255 and 65535 that no value exceeds, and a picture beyond that or with negative values is
    stretched from its minimum to its maximum. Of an animation the first frame counts. Colour profiles are not applied.

    Args:
        folder: the folder.
        split: "train" or "test".
        size: side of the squares, in pixels.
        test_fraction: the share for testing where the folder does not say it.
        background: sRGB colour behind transparent pixels, 0 to 255.
        device: where the result lives.
        threads: how many pictures are decoded at a time; by default one per core.

    Returns:
        The pictures in the order of their names. A file that is empty, truncated, not a picture, or larger than twice
        Pillow's `Image.MAX_IMAGE_PIXELS` (a decompression bomb) is left out, listed in `skipped` and warned of. Classes
        stay listed even where all their pictures were skipped.

    Raises:
        FileNotFoundError, NotADirectoryError: see `find_instances`.
        ValueError: nothing usable in the folder or the split, or an argument out of range.
    """
    if size < 1:
        raise ValueError(f"size is {size}, expected at least 1 pixel")
    found = find_instances(folder, SUFFIXES, split, test_fraction)

    pictures = torch.empty(len(found.items), size, size, 3, dtype=torch.uint8)
    rows = pictures.numpy()

    def decode(i: int) -> str | None:
        try:
            rows[i] = read_picture(found.items[i].path, size, background)
        except Exception as error:  # decoders fail on bad files in too many ways to name
            return str(error) or type(error).__name__
        return None

    with warnings.catch_warnings(), ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # Pillow's remarks on files that it then reads or refuses
        failures = list(pool.map(decode, range(len(found.items))))

    bad = [Skipped(str(item.path), why) for item, why in zip(found.items, failures, strict=True) if why is not None]
    skipped = (*bad, *found.skipped)
    good = [i for i, why in enumerate(failures) if why is None]
    if not good:
        raise ValueError(
            f"none of the {len(bad)} pictures of {folder} can be read, the first because: {bad[0].reason} "
            f"({bad[0].path}); expected {', '.join(FORMATS)}"
        )
    warn_of_skipped(folder, skipped)
    labels = torch.tensor([found.items[i].label for i in good])
    if bad:
        pictures = pictures[torch.tensor(good)]
    return PictureSet(pictures.to(device), labels.to(device), found.classes, skipped=skipped)


def read_picture(path: str | Path, size: int, background: tuple[int, int, int] = BACKGROUND) -> np.ndarray:
    """The central square of one picture, (size, size, 3) uint8 sRGB; see `load_pictures`.

    Raises:
        Exception: whatever Pillow's decoders raise on a bad file, most often OSError.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    if path.stat().st_size == 0:
        raise ValueError("empty file")
    with Image.open(path, formats=FORMATS) as image:
        image.draft(None, (2 * size, 2 * size))  # JPEG decodes at 1/2, 1/4 or 1/8, never below these sides
        ImageOps.exif_transpose(image, in_place=True)
        square = _to_bytes(image)
        width, height = square.size
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        square = square.resize(
            (size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side), reducing_gap=3.0
        )
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, (*background, 255)), square)
    return np.asarray(square.convert("RGB"))


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
