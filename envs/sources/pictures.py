"""Pictures from a folder with a subfolder per class, of any size and mode, as one tensor of squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .banks import PictureSet, Split
from .listing import Listing, read_all
from .picture_files import BACKGROUND, SUFFIXES, read_picture
from .splits import find_instances


def load_pictures(
    folder: str | Path,
    split: Split,
    size: int = 96,
    *,
    test_fraction: float = 0.2,
    background: tuple[int, int, int] = BACKGROUND,
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
        threads: how many pictures are decoded at a time; by default one per core.

    Returns:
        The pictures in the order of their names. A file that is empty, truncated, not a picture, or larger than twice
        Pillow's `Image.MAX_IMAGE_PIXELS` (a decompression bomb) is left out, listed in `skipped` and warned of. Classes
        stay listed even where all their pictures were skipped.

    Raises:
        FileNotFoundError, NotADirectoryError: see `find_instances`.
        ValueError: nothing usable in the folder or the split, or an argument out of range.
    """
    return read_all(list_pictures(folder, split, test_fraction, background), size, threads)


def list_pictures(
    folder: str | Path, split: Split, test_fraction: float = 0.2, background: tuple[int, int, int] = BACKGROUND
) -> Listing:
    """The pictures of one split of a folder, unread; see `load_pictures`."""
    found = find_instances(folder, SUFFIXES, split, test_fraction)
    paths = [item.path for item in found.items]
    return Listing(
        place=str(folder),
        labels=np.array([item.label for item in found.items], dtype=np.int64),
        classes=found.classes,
        read=lambda i, size: read_picture(paths[i], size, background),
        name=lambda i: str(paths[i]),
        files=paths,
        skipped=found.skipped,
    )
