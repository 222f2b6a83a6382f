"""Sources: where scenes come from, built in, read from the user's folders, or from published data sets.

A source is a built-in one, by its name ("scenes", "shapes"); a folder with a subfolder per class, by its path; or a
data set, by its name and the path where it lies, such as "stl10:/data/stl10". "shards:PATTERN" are tar files in the
layout of WebDataset, here or on a web server, see `shards`. "bank:/path" is a picture bank that was made before, see
`bank_files`, whose source need not be there any more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..checks import check_flag, check_memory, check_name, check_options, check_whole, keyword_options
from ..episode_numbers import SEED_BOUND
from .bank_files import load_bank, open_bank
from .banks import MeshSet, PictureSet, Split, ViewSet
from .cifar100 import CIFAR100
from .imagenet import IMAGENET
from .listing import read_all
from .mesh_sets import MODELNET, SHAPENET
from .pictures import list_pictures
from .published import DataSet
from .scenes import make_scenes
from .shapes import make_shapes
from .shard_banks import load_shard_bank
from .shards import find_shards
from .stl10 import STL10
from .threediebench import VIEW_SETS
from .tiny_imagenet import TINY_IMAGENET

BUILT_IN = ("scenes", "shapes")
BUILT_IN_COUNT = {"train": 2000, "test": 500}
SIZE = 96
LARGEST_SIZE = 8192
MOST = 10_000_000
"""Built-in instances that can be asked for."""
PICTURE_SETS: dict[str, DataSet] = {
    "stl10": STL10,
    "cifar100": CIFAR100,
    "tiny-imagenet": TINY_IMAGENET,
    "imagenet": IMAGENET,
}
MESH_SETS: dict[str, DataSet] = {"shapenet": SHAPENET, "modelnet": MODELNET}
BANK = "bank"
"""Stands before the path of a picture bank."""
SHARDS = "shards"
"""Stands before a pattern of paths or addresses of shards."""
_FILE_OPTIONS = {"bank", "download"}
_SHARD_OPTIONS = {"bank"} | keyword_options(find_shards)
PICTURE_OPTIONS = _FILE_OPTIONS.union(_SHARD_OPTIONS, *(data_set.options for data_set in PICTURE_SETS.values()))
"""Options of the sources of pictures that only some of them take."""
VIEW_OPTIONS = _FILE_OPTIONS.union(*(data_set.options for data_set in VIEW_SETS.values()))


def load_picture_source(
    source: str,
    *,
    split: Split,
    count: int | None,
    size: int | None,
    seed: int,
    clutter: float | None,
    device: str | torch.device,
    **options: Any,
) -> PictureSet:
    """The pictures of a source.

    Args:
        source: "scenes"; the path of a folder with a subfolder per class; a name in PICTURE_SETS or "bank", a colon and
            a path; "shards", a colon and a pattern of paths or http(s) addresses.
        split: "train" or "test"; the two share no instance. A bank has the split that it was made of.
        count: how many instances of the built-in source, which is endless; 2000 for training and 500 for testing
            when left out. Everything else is always read whole.
        size: side of the pictures in pixels; that of the data set when left out, or 96.
        seed: of the built-in source.
        clutter: of the built-in source, how much there is beside the object, from 0 to 1, which it is when left out.
        device: where the pictures are put. Those in a bank stay in its file if this is the CPU.
        options: of what is read from files: `bank`, a folder in which a bank for the source, the split and the size is
            made, or found again (see `bank_files.load_bank`); `download`, whether a data set that is not there is
            fetched over the network; and those of the data set, such as `labelled` of STL-10 and `labels` of CIFAR-100.
            Shards need a `bank`, and take the options of `shards.find_shards`.

    Raises:
        ValueError: for an unknown split or data set, a count below 1, an option of the built-in source with another, or
            files in which nothing is usable.
        TypeError: for an option that the source does not have, or a value of a wrong type.
        FileNotFoundError: for files that do not exist.
        ImportError: for a download without the package that it takes.
    """
    _check(source, "scenes", split, count=count, seed=seed, clutter=clutter)
    _check_reading(size, options)
    if source == "scenes":
        check_options(f"the source {source!r}", options, ())
        clutter = 1.0 if clutter is None else clutter
        count, size = count or BUILT_IN_COUNT[split], size or SIZE
        check_memory(f"count={count} pictures of size={size}", 4 * count * size**2)  # with their masks
        return make_scenes(split, count, size, seed, device, clutter)
    kind, path = split_source(source, (*PICTURE_SETS, BANK, SHARDS))
    if kind == BANK:
        return _open(path, size, options).to(device)
    if kind == SHARDS:
        return _load_shards(source.partition(":")[2], split, size or SIZE, options).to(device)
    data_set = PICTURE_SETS.get(kind, _FOLDER)
    return _load_pictures(kind, data_set, path, split, size, options).to(device)


def load_mesh_source(source: str, *, split: Split, count: int | None, seed: int) -> MeshSet:
    """The meshes of a source: "shapes", the path of a folder, or a name in MESH_SETS, a colon and a path.

    Arguments and errors as in `load_picture_source`.
    """
    _check(source, "shapes", split, count=count, seed=seed)
    if source == "shapes":
        return make_shapes(split, count or BUILT_IN_COUNT[split], seed=seed)
    kind, path = split_source(source, MESH_SETS)
    if kind:
        return MESH_SETS[kind].load(path, split)
    from .meshes import load_meshes  # here, as it imports trimesh, which takes a while

    return load_meshes(source, split)


def load_view_source(source: str, *, split: Split, size: int | None, **options: Any) -> ViewSet:
    """The stored views of a source: a name in VIEW_SETS or "bank", a colon and a path.

    Arguments and errors as in `load_picture_source`; the views are on the CPU.
    """
    check_name("split", split, BUILT_IN_COUNT)
    _check_reading(size, options)
    kind, path = split_source(source, (*VIEW_SETS, BANK))
    if not kind:
        known = ", ".join(f"'{name}:PATH'" for name in (*VIEW_SETS, BANK))
        raise ValueError(f"source={source!r} has no stored views; use one of {known}")
    if kind == BANK:
        return ViewSet.of(_open(path, size, options))
    return ViewSet.of(_load_pictures(kind, VIEW_SETS[kind], path, split, size, options))


def split_source(source: str, kinds: Mapping[str, Any] | tuple[str, ...]) -> tuple[str, Path]:
    """The kind of a source and its path; the kind is empty for a plain path.

    Raises:
        TypeError: for what is no text.
        ValueError: for a name before a colon that is none of the kinds, unless there is such a path.
    """
    if not isinstance(source, str):
        raise TypeError(f"source={source!r} is no text: give the name of a source, or a path")
    kind, colon, rest = source.partition(":")
    if colon and kind in kinds:
        if not rest:
            raise ValueError(f"source={source!r} has no path: write {kind}:PATH")
        return kind, Path(rest).expanduser()
    if colon and len(kind) > 1 and kind.replace("-", "").isalnum() and not Path(source).exists():
        known = ", ".join(f"'{name}:PATH'" for name in kinds)
        raise ValueError(f"source={source!r}: {kind!r} is not known here; use one of {known}, or the path of a folder")
    return "", Path(source).expanduser()


_FOLDER = DataSet("a folder", list_pictures, size=SIZE)


def _load_pictures(
    kind: str, data_set: DataSet, path: Path, split: Split, size: int | None, options: Mapping[str, Any]
) -> PictureSet:
    check_options(f"the source {kind or str(path)!r}", options, _FILE_OPTIONS | data_set.options)
    reading = {name: value for name, value in options.items() if name not in _FILE_OPTIONS}
    listing = data_set.load(path, split, download=options.get("download", False), **reading)
    size = size or data_set.size or SIZE
    bank = options.get("bank")
    if bank is None:
        return read_all(listing, size)
    name = kind or path.absolute().name
    return load_bank(_bank_path(bank, name, split, size, str(path.absolute()), reading), listing, size)


def _load_shards(pattern: str, split: Split, size: int, options: Mapping[str, Any]) -> PictureSet:
    check_options(f"the source {SHARDS!r}", options, _SHARD_OPTIONS)
    reading = {name: value for name, value in options.items() if name not in _FILE_OPTIONS}
    if options.get("bank") is None:
        raise ValueError(
            f"source='{SHARDS}:{pattern}' is read into a picture bank first: name a folder for it by bank=DIR"
        )
    shards = find_shards(pattern, split, **reading)
    return load_shard_bank(_bank_path(options["bank"], SHARDS, split, size, pattern, reading), shards, size)


def _bank_path(bank: str, name: str, split: Split, size: int, place: str, reading: Mapping[str, Any]) -> Path:
    """Where the bank of a place is kept, so that others of its name, or read otherwise, have their own."""
    key = hashlib.sha256(repr((place, sorted(reading.items()))).encode()).hexdigest()[:8]
    return Path(bank).expanduser() / f"{name}-{split}-{size}-{key}"


def _open(path: Path, size: int | None, options: Mapping[str, Any]) -> PictureSet:
    check_options("a bank that is there already", options, ())
    bank = open_bank(path)
    if size not in (None, bank.pictures.shape[1]):
        raise ValueError(f"size={size} is not that of the bank {path}, {bank.pictures.shape[1]}: leave it out")
    return bank


def _check_reading(size: int | None, options: Mapping[str, Any]) -> None:
    if size is not None:
        check_whole("size", size, 1, LARGEST_SIZE)
    for name in ("download", "labelled"):
        check_flag(name, options.get(name, False))
    if not isinstance(options.get("bank"), str | os.PathLike | None):
        raise TypeError(f"bank={options['bank']!r} is no path: name a folder")


def _check(
    source: str, built_in: str, split: str, *, count: int | None, seed: int, clutter: float | None = None
) -> None:
    check_name("split", split, BUILT_IN_COUNT)
    if source == "":
        raise ValueError(f"source='' names nothing: leave it out for {built_in!r}, or give the path of a folder")
    check_whole("source_seed", seed, 0, SEED_BOUND - 1)
    if count is not None:
        check_whole("count", count, 1, MOST)
    for name, value in (("count", count), ("clutter", clutter)):
        if value is not None and source != built_in:
            raise ValueError(f"{name}={value} is for the built-in source {built_in!r}; {source!r} is read whole")


__all__ = [
    "BUILT_IN",
    "MESH_SETS",
    "PICTURE_OPTIONS",
    "PICTURE_SETS",
    "VIEW_OPTIONS",
    "VIEW_SETS",
    "MeshSet",
    "PictureSet",
    "Split",
    "ViewSet",
    "load_mesh_source",
    "load_picture_source",
    "load_view_source",
]
