"""The saliency maps of a world's pictures: what they come from, and a cache of them in files."""

from __future__ import annotations

import hashlib
import json
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from ..saliency.models import SALIENCY_MODELS, SaliencyModel, make_saliency
from ..saliency.object_mask import object_saliency
from ..saliency.stored_maps import StoredMaps, open_array, open_files, write_array
from .json_files import read_json
from .picture_store import to_device
from .progress import progress
from .sources.bank_files import PictureBank, as_tensor, checked_chunks, spread
from .sources.banks import PictureSet

MASK = "mask"
_CHUNK = 256  # maps
_VERSION = 1


@dataclass(frozen=True)
class PictureMaps:
    """The saliency maps of N square pictures, made or read when they are asked for.

    Attributes:
        count: N.
        side: of the pictures, in pixels.
        device: where maps are handed out.
        read: (K,) int64 indices of pictures -> (K, side, side) float32, non-negative, each with sum 1.
        model: the name of the model that makes them, or an empty text where they come from elsewhere.
        source: what `picture_maps` made this of, which a pickle holds instead of it.
    """

    count: int
    side: int
    device: torch.device
    read: Callable[[Tensor], Tensor]
    model: str
    source: tuple[str | SaliencyModel, PictureSet, torch.device | None]

    def __reduce__(self) -> tuple[Any, ...]:
        return picture_maps, self.source

    def load(self, cache: str | Path | None = None) -> Tensor:
        """All maps, (N, side, side) float32, in memory, or on the CPU as they lie in the file of a cache.

        Args:
            cache: a folder in which maps that a model of a name makes are kept. Those that are there already, made by
                this model of these very pictures, are not made again; those whose checksum is wrong are, with a
                warning.
        """
        if cache is None:
            maps = torch.empty(self.count, self.side, self.side, device=self.device)
            for chunk, place in zip(self._chunks(), maps.split(_CHUNK), strict=True):
                place.copy_(chunk)
            return maps
        key = f"{_VERSION} {self.model} {self.count} {self.side} {_fingerprint(self.source[1])}"
        path = Path(cache) / f"{self.model}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                self._write(path)
            try:
                maps = _open(path, self.count)
            except Exception as error:  # a damaged header of an array can raise anything
                warnings.warn(f"the saliency maps in {path} are made anew: {error}", stacklevel=2)
                self._write(path)
                maps = _open(path, self.count)
        return maps.to(self.device)

    def _chunks(self) -> Iterator[Tensor]:
        with progress(activity="saliency maps", total=self.count, delay=2) as bar:
            for indices in torch.arange(self.count, device=self.device).split(_CHUNK):
                yield self.read(indices)
                bar.update(len(indices))

    def _write(self, path: Path) -> None:
        checksums: list[int] = []

        def noted() -> Iterator[Tensor]:
            for chunk in self._chunks():
                checksums.append(zlib.crc32(chunk.cpu().numpy().data))
                yield chunk

        write_array(path, noted(), self.count)
        path.with_suffix(".json").write_text(json.dumps(checksums), encoding="ascii")


def picture_maps(
    saliency: str | SaliencyModel, pictures: PictureSet, device: torch.device | None = None
) -> PictureMaps:
    """Where the saliency maps of pictures come from.

    Args:
        saliency: a name in `saliency.models.SALIENCY_MODELS`, or a model; "mask" for what the source knows to be the
            object; or a path: of an .npy file with a map for each picture in their order, or of a folder with a file
            for each picture, see `saliency.stored_maps`.
        pictures: the pictures.
        device: where maps are made and wanted; where the pictures are when left out.

    Raises:
        ValueError: for an unknown name, for pictures without masks, or maps that do not fit the pictures.
        FileNotFoundError: for maps that are not there.
        TypeError: for anything else.
    """
    bank = pictures.pictures
    place = bank.device if device is None else device
    if not isinstance(saliency, (str, SaliencyModel)):
        raise TypeError(f"saliency={saliency!r}: give the name of a model, {MASK!r}, a path, or a SaliencyModel")
    name = ""
    if isinstance(saliency, SaliencyModel) or saliency in SALIENCY_MODELS:
        name = saliency if isinstance(saliency, str) else ""
        model = make_saliency(saliency) if isinstance(saliency, str) else saliency

        def read(indices: Tensor) -> Tensor:
            return model(to_device(pictures.take(indices.to(bank.device)), place))

    elif saliency == MASK:
        masks = pictures.masks
        if masks is None:
            raise ValueError(f"saliency={MASK!r} needs the masks of objects, which this source does not have")

        def read(indices: Tensor) -> Tensor:
            return object_saliency(to_device(masks[indices.to(masks.device)], place))

    else:
        stored = _stored(saliency, pictures)

        def read(indices: Tensor) -> Tensor:
            return stored.read(indices.tolist(), bank.shape[1]).to(place)

    return PictureMaps(len(bank), bank.shape[1], place, read, name, (saliency, pictures, device))


def _stored(saliency: str, pictures: PictureSet) -> StoredMaps:
    path = Path(saliency).expanduser()
    if not path.exists():
        known = ", ".join(map(repr, (*SALIENCY_MODELS, MASK)))
        raise ValueError(f"saliency={saliency!r} is not known and no path; use one of {known}, or the path of maps")
    if path.is_file():
        return open_array(path, len(pictures.pictures))
    if not pictures.names:
        raise ValueError(f"saliency={saliency!r} is a folder of maps by name, and these pictures have no names")
    return open_files(pictures.names, pictures.place, path)


def _fingerprint(pictures: PictureSet) -> str:
    if isinstance(pictures, PictureBank):
        return pictures.fingerprint
    digest = hashlib.blake2b(digest_size=20)
    for chunk in pictures.pictures.split(_CHUNK):
        digest.update(chunk.contiguous().cpu().numpy().data)
    return digest.hexdigest()


def _open(path: Path, count: int) -> Tensor:
    """The maps in a file, mapped into memory, with checksums compared; of more than 1 GiB, for chunks spread over them.

    Raises:
        Exception: for files that are not as they were written.
    """
    checksums = read_json(path.with_suffix(".json"))
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(checksums, list) or len(checksums) != -(-count // _CHUNK):
        raise ValueError("it has not as many checksums as maps")
    if array.dtype != np.float32 or array.ndim != 4 or len(array) != count:
        raise ValueError(f"it has {array.dtype} maps of shape {array.shape}, of {count} pictures")
    for k in spread(len(checksums), checked_chunks(len(checksums), array.nbytes)):
        if zlib.crc32(np.ascontiguousarray(array[k * _CHUNK : (k + 1) * _CHUNK]).data) != checksums[k]:
            raise ValueError(f"maps {k * _CHUNK} and following do not have their checksum")
    return as_tensor(array[:, 0])
