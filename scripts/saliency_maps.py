"""Maps of the pictures of a folder by a saliency model, in files of either published layout."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ..saliency.models import SaliencyModel
from ..saliency.stored_maps import StoredMaps, map_file, open_array, open_files, write_array, write_file
from .picture_folder import PictureFolder
from .results import write_atomically

Existing = Literal["refuse", "keep", "replace"]
Layout = Literal["files", "array"]
Chunk = tuple[list[int], Tensor]


@dataclass(frozen=True)
class MapStore(ABC):
    """Where the maps of pictures are.

    Attributes:
        pictures: N pictures.
        place: the folder or the file of the maps.
    """

    pictures: PictureFolder
    place: Path

    @abstractmethod
    def there(self) -> set[int]:
        """The indices of the pictures that have a map already."""

    @abstractmethod
    def write(self, chunks: Iterator[Chunk]) -> None:
        """Write maps: K indices and (K, H, W) at a time."""

    @abstractmethod
    def open(self) -> StoredMaps:
        """All N maps.

        Raises:
            FileNotFoundError, ValueError: for maps that are not there, or not those of the pictures.
        """

    def missing(self, existing: Existing) -> list[int]:
        """The indices of the pictures whose maps are to be made.

        Args:
            existing: what to do with maps that are there.

        Raises:
            ValueError: when there are some, to be refused.
        """
        there = self.there() if existing != "replace" else set()
        if there and existing == "refuse":
            raise ValueError(
                f"{self.place} holds saliency maps already: take another --out, or choose --existing keep (and make "
                "those that are missing) or --existing replace"
            )
        return [index for index in range(len(self.pictures)) if index not in there]


@dataclass(frozen=True)
class MapFiles(MapStore):
    """A file for each picture, of its size, in folders like those of the pictures.

    Raises:
        ValueError: for pictures whose maps would have the same name.
    """

    def __post_init__(self) -> None:
        taken: dict[Path, str] = {}
        for index, name in enumerate(self.pictures.names):
            other = taken.setdefault(self._file(index), name)
            if other != name:
                raise ValueError(
                    f"the pictures {other} and {name} of {self.pictures.root} would have one saliency map, "
                    f"{self._file(index).name}: rename one of them"
                )

    def there(self) -> set[int]:
        return {index for index in range(len(self.pictures)) if self._file(index).is_file()}

    def write(self, chunks: Iterator[Chunk]) -> None:
        for indices, maps in chunks:
            for index, saliency in zip(indices, maps, strict=True):
                write_file(saliency, self.pictures.files[index], self.pictures.root, self.place)

    def open(self) -> StoredMaps:
        return open_files(self.pictures.files, self.pictures.root, self.place)

    def _file(self, index: int) -> Path:
        return map_file(self.pictures.files[index], self.pictures.root, self.place)


@dataclass(frozen=True)
class MapArray(MapStore):
    """One array of the maps of square pictures, in their order, and beside it a text file with the pictures' names."""

    def there(self) -> set[int]:
        return set(range(len(self.pictures))) if self.place.is_file() else set()

    def write(self, chunks: Iterator[Chunk]) -> None:
        write_array(self.place, (maps for _, maps in chunks), len(self.pictures))
        write_atomically(self._names, self._expected)

    def open(self) -> StoredMaps:
        stored = open_array(self.place, len(self.pictures))
        side = stored.raw(0).shape[0]
        if side != self.pictures.size:
            raise ValueError(
                f"{self.place} has maps of side {side}, not {self.pictures.size}: choose --existing replace"
            )
        if not self._names.is_file() or self._names.read_text(encoding="utf-8") != self._expected:
            raise ValueError(
                f"{self._names} does not list the pictures of {self.pictures.root}: choose --existing replace"
            )
        return stored

    @property
    def _names(self) -> Path:
        return self.place.with_suffix(".txt")

    @property
    def _expected(self) -> str:
        return "".join(f"{name}\n" for name in self.pictures.names)


def map_store(pictures: PictureFolder, layout: Layout, folder: Path, model: str) -> MapStore:
    """Where the maps of a model are in a folder."""
    return MapFiles(pictures, folder / model) if layout == "files" else MapArray(pictures, folder / f"{model}.npy")


def make_maps(
    model: SaliencyModel, store: MapStore, indices: Sequence[int], device: torch.device, report: Callable[[int], object]
) -> float:
    """Make maps and write them.

    Args:
        model: makes them.
        store: where they go.
        indices: of their pictures.
        device: where the model works.
        report: called with how many maps were made since the last call.

    Returns:
        The seconds that the model took.
    """
    seconds = 0.0

    def chunks() -> Iterator[Chunk]:
        nonlocal seconds
        for chosen, pictures in store.pictures.batches(indices):
            start = time.perf_counter()
            maps = model(torch.from_numpy(pictures).to(device)).cpu()
            seconds += time.perf_counter() - start
            yield chosen, maps
            report(len(chosen))

    if indices:
        store.write(chunks())
    return seconds
