"""The pictures of a folder, flat or nested, each of them whole or its central square."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..envs.sources.banks import Skipped
from ..envs.sources.content_hash import ContentHash
from ..envs.sources.picture_files import FORMATS, SUFFIXES, read_picture, read_whole
from ..envs.sources.splits import walk_files
from ..saliency.models.model import SMALLEST_SIDE

_BATCH_PIXELS = 2**18


@dataclass(frozen=True)
class PictureFolder:
    """N pictures, all of which can be read, in the order of their names.

    Attributes:
        root: the folder.
        names: their paths in the folder, with forward slashes.
        size: side of the central squares that they are read as, in pixels; whole pictures when None.
        skipped: the others, and why.
    """

    root: Path
    names: tuple[str, ...]
    size: int | None
    skipped: tuple[Skipped, ...]

    @classmethod
    def find(
        cls, root: Path, size: int | None = None, show: Callable[[list[str]], Iterable[str]] = list
    ) -> PictureFolder:
        """Look for pictures in a folder and all folders within it, and read each of them once.

        Args:
            root: the folder.
            size: as in `PictureFolder`.
            show: wraps the names while they are gone through, such as a progress bar.

        Raises:
            FileNotFoundError: there is no such folder.
            ValueError: for a folder without a picture that can be read.
        """
        if not root.is_dir():
            raise FileNotFoundError(f"there is no folder {root}")
        names = sorted(name for name in walk_files(root) if Path(name).suffix.lower() in SUFFIXES)
        if not names:
            raise ValueError(f"there is no picture in {root}; expected {', '.join(FORMATS)}")
        failures = {name: _failure(root / name, size) for name in show(names)}
        skipped = tuple(Skipped(name, why) for name, why in failures.items() if why)
        if len(skipped) == len(names):
            first = skipped[0]
            raise ValueError(
                f"none of {len(names)} pictures in {root} can be used, the first, {first.path}, because: {first.reason}"
            )
        return cls(root, tuple(name for name in names if not failures[name]), size, skipped)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def files(self) -> list[Path]:
        return [self.root / name for name in self.names]

    @cached_property
    def content_hash(self) -> str:
        """Of the names and bytes of all files."""
        content = ContentHash()
        content.add_texts(self.names)
        for file in self.files:
            content.add(np.fromfile(file, np.uint8))
        return content.text

    def read(self, index: int) -> np.ndarray:
        """A picture, (H, W, 3) uint8 sRGB."""
        return _read(self.root / self.names[index], self.size)

    def batches(self, indices: Iterable[int]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Pictures in the order of their indices, those of one size that follow one another together.

        Yields:
            K indices, and their pictures, (K, H, W, 3) uint8.
        """
        chosen: list[int] = []
        pictures: list[np.ndarray] = []
        for index in indices:
            picture = self.read(index)
            if pictures and (
                picture.shape != pictures[0].shape or (len(pictures) + 1) * picture[..., 0].size > _BATCH_PIXELS
            ):
                yield chosen, np.stack(pictures)
                chosen, pictures = [], []
            chosen.append(index)
            pictures.append(picture)
        if pictures:
            yield chosen, np.stack(pictures)


def _read(path: Path, size: int | None) -> np.ndarray:
    return read_whole(path) if size is None else read_picture(path, size)


def _failure(path: Path, size: int | None) -> str:
    """Why a picture cannot be used; empty where it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on files that it then reads or refuses
        try:
            height, width = _read(path, size).shape[:2]
        except Exception as error:  # decoders fail on bad files in too many ways to name
            return str(error) or type(error).__name__
    if min(height, width) < SMALLEST_SIDE:
        return f"{width} x {height} pixels are too few, {SMALLEST_SIDE} on each side are the least"
    return ""
