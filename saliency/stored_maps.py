"""Saliency maps that were computed before: read from files, and written to them.

Two layouts, which are also those of the maps that were published with seq-JEPA:

- one array, an .npy file of (N, 1, H, W) or (N, H, W) floats, with a map for each picture of a split of a data set in
  its order; for STL-10 `train/saliency_train.npy` and so on, see `stl10_array`;
- one file for each picture, in folders like those of the pictures or beside them: an .npy file of (H, W), (1, H, W) or
  (1, 1, H, W) floats or a grey .png, of any size and of the name of the picture, with or without "-sal" or "_sal".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

MARKS = ("-sal", "_sal", "")
SUFFIXES = (".npy", ".png")
_CHUNK = 256
_PARTS = {"train": "train", "test": "test", "unlabelled": "unlabeled"}


@dataclass(frozen=True)
class StoredMaps:
    """N maps in files, each read when it is asked for.

    Attributes:
        count: N.
        raw: the map of an index as it is stored, (H, W) real.
        name: where the map of an index is stored, for messages.
    """

    count: int
    raw: Callable[[int], np.ndarray]
    name: Callable[[int], str]

    def __len__(self) -> int:
        return self.count

    def read(self, indices: Iterable[int], side: int) -> Tensor:
        """Maps for square pictures.

        A map is cut to its central square and resampled (bilinear, antialiased) as a picture is when it is read.

        Args:
            indices: of K maps.
            side: of the pictures, in pixels.

        Returns:
            (K, side, side) float32 on the CPU, non-negative, each with sum 1.

        Raises:
            ValueError: naming the file, for a map with values that are not finite or negative, or with none above 0.
        """
        maps = [self._square(index, side) for index in indices]
        return torch.from_numpy(np.stack(maps)) if maps else torch.empty(0, side, side)

    def chunks(self, side: int, size: int = _CHUNK) -> Iterator[Tensor]:
        """All maps in their order, at most `size` at a time; see `read`."""
        for start in range(0, self.count, size):
            yield self.read(range(start, min(start + size, self.count)), side)

    def load(self, side: int, device: str | torch.device = "cpu") -> Tensor:
        """All maps, (N, side, side) float32; see `read`."""
        maps = torch.empty(self.count, side, side, device=device)
        for chunk, place in zip(self.chunks(side), maps.split(_CHUNK), strict=True):
            place.copy_(chunk)
        return maps

    def _square(self, index: int, side: int) -> np.ndarray:
        stored = self.raw(index)
        stored = stored.astype(np.promote_types(stored.dtype, np.float32))
        if not np.isfinite(stored).all() or stored.min() < 0:
            raise ValueError(f"{self.name(index)} has values that are not finite or negative: it is no saliency map")
        values = (stored / max(stored.max(), np.finfo(np.float32).tiny)).astype(np.float32)
        if values.shape != (side, side):
            values = _resized(values, side)
        total = values.sum(dtype=np.float64)
        if total == 0:
            raise ValueError(f"{self.name(index)} is 0 throughout the central square: nowhere is salient")
        return values / np.float32(total)


def open_array(file: str | Path, count: int | None = None) -> StoredMaps:
    """Maps in one array, which is mapped into memory.

    Args:
        file: an .npy file.
        count: how many pictures there are maps for, if known.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: for an array that is no stack of maps, or of another length.
    """
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; give an .npy file with a saliency map for each picture")
    array = _load(path, mapped=True)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{path} has shape {array.shape}, not (N, 1, H, W) or (N, H, W)")
    if count is not None and len(array) != count:
        raise ValueError(f"{path} has {len(array)} saliency maps for {count} pictures: use that of the same split")
    return StoredMaps(len(array), array.__getitem__, lambda index: f"{path}[{index}]")


def stl10_array(folder: str | Path, part: str) -> Path:
    """The file with the maps of a part of STL-10, as it was published.

    Args:
        folder: holds train, test and unlabeled.
        part: "train", "test" or "unlabelled".

    Raises:
        ValueError: for another part.
    """
    if part not in _PARTS:
        raise ValueError(f"part={part!r} is not known; use one of {', '.join(map(repr, _PARTS))}")
    return Path(folder) / _PARTS[part] / f"saliency_{_PARTS[part]}.npy"


def open_files(pictures: Sequence[str | Path], root: str | Path, folder: str | Path | None = None) -> StoredMaps:
    """Maps in a file for each picture.

    Args:
        pictures: the files of the pictures, N below `root`.
        root: the folder of the pictures.
        folder: the folder of the maps, in which a map lies where its picture lies in `root`; `root` itself, so that
            maps lie beside their pictures, when left out.

    Raises:
        FileNotFoundError: for pictures without a map, naming the first and how many there are.
        ValueError: for a picture outside `root`, or with more than one map.
    """
    folder = Path(root if folder is None else folder)
    taken = {Path(picture) for picture in pictures}
    contents = cache(lambda place: frozenset(os.listdir(place)) if place.is_dir() else frozenset())
    found: list[Path] = []
    missing: list[Path] = []
    for picture in map(Path, pictures):
        place = _place(picture, root, folder)
        names = (f"{place.name}{mark}{suffix}" for mark in MARKS for suffix in SUFFIXES)
        maps = [place.with_name(name) for name in names if name in contents(place.parent)]
        maps = [path for path in maps if path not in taken]
        if len(maps) > 1:
            raise ValueError(f"{picture} has {len(maps)} saliency maps, {maps[0]} and {maps[1]}: leave one of them")
        (found if maps else missing).append(maps[0] if maps else picture)
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(pictures)} pictures have no saliency map in {folder}; of the first, {missing[0]}, "
            f"it would be {_place(missing[0], root, folder)}-sal.npy, for example"
        )
    return StoredMaps(len(found), lambda index: _read(found[index]), lambda index: str(found[index]))


def write_array(file: str | Path, chunks: Iterable[Tensor], count: int) -> None:
    """Write maps as one array of (count, 1, H, W) float32; the file appears when it is complete.

    Args:
        file: an .npy file, whose folder is made.
        chunks: (K, H, W) each.
        count: how many maps there are in all of them.

    Raises:
        ValueError: for chunks with more or fewer maps than that, or of different sizes.
    """
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    shape, written = None, 0
    try:
        with partial.open("wb") as stream:  # not mapped into memory, where a full disk is the end of the process
            for chunk in chunks:
                if shape is None:
                    shape = (count, 1, *chunk.shape[1:])
                    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(stream, header)
                if chunk.shape[1:] != shape[2:] or written + len(chunk) > count:
                    raise ValueError(f"{path}: {tuple(chunk.shape)} maps after {written} do not fit into {shape}")
                stream.write(chunk.cpu().contiguous().numpy().astype("<f4", copy=False).data)
                written += len(chunk)
        if written != count:
            raise ValueError(f"{path}: {written} saliency maps came for {count} pictures")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_file(saliency: Tensor, picture: str | Path, root: str | Path, folder: str | Path) -> Path:
    """Write the map of one picture where `open_files` finds it; the file appears when it is complete.

    Args:
        saliency: (H, W).
        picture, root, folder: as in `map_file`.

    Returns:
        The file, (H, W) float32.

    Raises:
        ValueError: for a picture outside `root`.
    """
    path = map_file(picture, root, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as stream:
        np.save(stream, saliency.float().cpu().numpy(), allow_pickle=False)
    partial.replace(path)
    return path


def map_file(picture: str | Path, root: str | Path, folder: str | Path) -> Path:
    """Where `write_file` writes the map of a picture.

    Args:
        picture: the file of the picture, below `root`.
        root: the folder of the pictures.
        folder: the folder of the maps.

    Raises:
        ValueError: for a picture outside `root`.
    """
    place = _place(Path(picture), root, Path(folder))
    return place.with_name(f"{place.name}{MARKS[0]}{SUFFIXES[0]}")


def _place(picture: Path, root: str | Path, folder: Path) -> Path:
    """The path of a map, but for what follows the name of its picture."""
    if not picture.is_relative_to(root):
        raise ValueError(f"the picture {picture} does not lie in {root}, so that its saliency map cannot be placed")
    return (folder / picture.relative_to(root)).with_suffix("")


def _read(path: Path) -> np.ndarray:
    values = _load(path) if path.suffix == ".npy" else _read_grey(path)
    if values.ndim > 2 and values.size == np.prod(values.shape[-2:]):
        values = values.reshape(values.shape[-2:])
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{path} has shape {values.shape}; a saliency map is (H, W)")
    return values


def _load(path: Path, mapped: bool = False) -> np.ndarray:
    try:
        values = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except Exception as error:  # a damaged header can raise anything
        raise ValueError(f"{path} is no .npy file of numbers, or damaged: write it by numpy.save") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        raise ValueError(f"{path} holds {getattr(values, 'dtype', type(values).__name__)}; saliency maps are floats")
    return values


def _read_grey(path: Path) -> np.ndarray:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            values = np.asarray(image)
    except Exception as error:  # decoders fail on bad files in too many ways to name
        raise ValueError(f"{path} is no PNG file that can be read: {error}") from error
    if image.mode not in ("L", "I", "I;16"):
        raise ValueError(f"{path} has mode {image.mode}; a saliency map is grey, of 8 or 16 bits")
    return values


def _resized(values: np.ndarray, side: int) -> np.ndarray:
    height, width = values.shape
    short = min(height, width)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    return np.asarray(Image.fromarray(values).resize((side, side), Image.Resampling.BILINEAR, box=box))
