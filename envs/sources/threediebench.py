"""3DIEBench: rendered objects under known rotations and lights (Garrido, Najman & LeCun, "Self-supervised learning of
split invariant equivariant representations", ICML 2023), and the set that seq-JEPA's authors rendered like it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from ..checks import check_name
from .banks import Skipped, Split
from .listing import Listing
from .picture_files import read_picture
from .published import DataSet, class_names, fetch_from_hub, there
from .shapenet_names import SHAPENET_NAMES

SIDE = 128
LATENTS = 7
_PICTURE = re.compile(r"image_(\d+)\.jpg")
_COLOURS = ("mended", "stored")
_INDEX = {"train": "train", "test": "val"}
Colours = Literal["mended", "stored"]
_Object = tuple[str, int]
"""SYNSET/OBJECT and its label."""


def list_3diebench(folder: Path, split: Split, *, colours: Colours = "mended", index: str | None = None) -> Listing:
    """All views of one split of 3DIEBench: 41,920 objects to train on, 10,552 to test, 50 views each.

    The layout is SYNSET/OBJECT/image_k.jpg and latent_k.npy. Latents are the three Euler angles of the object, hue of
    the floor, polar angle, azimuth and hue of the light. The published pictures have red and blue swapped, which
    `colours="mended"` undoes; with "stored" a latent hue h is seen as the hue (2/3 - h) mod 1.

    Args:
        folder: holds the folders of the synsets.
        split: "train" or "test", which is the published validation split. Splits are by object.
        colours: "mended" or "stored".
        index: the folder that holds train_images.npy, train_labels.npy, val_images.npy and val_labels.npy, which come
            with the authors' code (its folder data); by default the folder itself or its parent.

    Returns:
        A listing with the extras "latents", (7,) float32, and "objects", the position of the object in its split.

    Raises:
        FileNotFoundError: naming what is missing.
        ValueError: for an index that is not as published.
    """
    check_name("colours", colours, _COLOURS)
    place = _find_index(folder, index, _INDEX[split])
    if place is None:
        looked = index or f"{folder} or {folder.parent}"
        name = _INDEX[split]
        raise FileNotFoundError(
            f"no {name}_images.npy and {name}_labels.npy in {looked}: put these index files there, which come "
            f"with the authors' code (in its folder data), or name their folder by index=..."
        )
    return _list_views(folder, _read_index(place, _INDEX[split]), _classes(place), colours)


def list_3diebench_ood(folder: Path, split: Split, *, colours: Colours = "mended", index: str | None = None) -> Listing:
    """All views of 3DIEBench-OOD: objects of 3DIEBench's test split, with 2 to 6 views each.

    Layout, latents and colours are those of 3DIEBench. Its Euler angles lie between 90 and 180 degrees either way, but
    these are the same orientations as between -90 and 90 degrees: (a, b, c) turns as (a + 180, 180 - b, c + 180) does.

    Args:
        folder: holds the folders of the synsets.
        split: "test"; there is nothing to train on.
        colours: "mended" or "stored".
        index: the folder that holds val_images.npy and val_labels.npy of 3DIEBench, by default the folder itself or its
            parent. Where they are not there either, classes are in the order of their synsets.

    Returns, raises: as `list_3diebench`.
    """
    check_name("colours", colours, _COLOURS)
    if split != "test":
        raise ValueError("3DIEBench-OOD has only objects to test on: use split='test'")
    place = _find_index(folder, index, "val")
    if place is not None:
        return _list_views(folder, _read_index(place, "val"), _classes(place), colours)
    if index is not None:
        raise FileNotFoundError(f"no val_images.npy and val_labels.npy in {index}: name the folder that holds them")
    synsets = sorted(path.name for path in folder.glob("*") if path.name.isdecimal() and path.is_dir())
    objects = [
        (f"{synset}/{path.name}", label)
        for label, synset in enumerate(synsets)
        for path in sorted((folder / synset).iterdir())
        if path.is_dir()
    ]
    return _list_views(folder, objects, class_names(synsets, SHAPENET_NAMES), colours)


def _find_index(folder: Path, index: str | None, name: str) -> Path | None:
    places = [Path(index)] if index else [folder, folder.parent]
    files = [f"{name}_images.npy", f"{name}_labels.npy"]
    return next((place for place in places if all((place / file).is_file() for file in files)), None)


def _read_index(place: Path, name: str) -> list[_Object]:
    """Strings /SYNSET/OBJECT/ and as many labels."""
    paths, labels = (_load(place / f"{name}_{what}.npy") for what in ("images", "labels"))
    if paths.shape != labels.shape or paths.ndim != 1 or paths.dtype.kind != "U" or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{place}/{name}_images.npy holds {paths.shape} {paths.dtype} and {name}_labels.npy {labels.shape} "
            f"{labels.dtype}; expected as many labels as strings: fetch them again"
        )
    objects = [path.strip("/") for path in paths.tolist()]
    bad = next((path for path in objects if not re.fullmatch(r"\d+/[^/\\.][^/\\]*", path)), None)
    if bad is not None or labels.min(initial=0) < 0:
        raise ValueError(f"{place}/{name}_images.npy: {bad!r} is not /SYNSET/OBJECT/, or a label is negative")
    return list(zip(objects, labels.tolist(), strict=True))


def _classes(place: Path) -> tuple[str, ...]:
    """The names of the labels, which the index files tell together."""
    synsets: dict[int, str] = {}
    for name in _INDEX.values():
        if _find_index(place, str(place), name) is not None:
            for path, label in _read_index(place, name):
                synset = path.split("/")[0]
                if synsets.setdefault(label, synset) != synset:
                    raise ValueError(f"{place}: the label {label} stands for {synsets[label]} and for {synset}")
    ids = [synsets.get(label, f"class {label}") for label in range(max(synsets, default=-1) + 1)]
    return class_names(ids, SHAPENET_NAMES)


def _list_views(folder: Path, objects: list[_Object], classes: tuple[str, ...], colours: Colours) -> Listing:
    views: list[tuple[int, int]] = []
    skipped: list[Skipped] = []
    folders: list[Path] = []
    for number, (name, _) in enumerate(objects):
        numbers = sorted(_view_numbers(folder / name))
        if numbers:
            folders.append(folder / name)
            views += [(number, k) for k in numbers]
        else:
            skipped.append(Skipped(str(folder / name), "holds no views image_k.jpg with latent_k.npy"))
    if not views:
        raise FileNotFoundError(
            f"{folder} holds no views: looked for {objects[0][0] if objects else 'SYNSET/OBJECT'}/image_0.jpg and "
            f"latent_0.npy; what is there: {there(folder)}; archives have to be unpacked"
        )

    def path(i: int, name: str) -> Path:
        number, k = views[i]
        return folder / objects[number][0] / name.format(k)

    def read(i: int, size: int) -> np.ndarray:
        picture = read_picture(path(i, "image_{}.jpg"), size)
        return picture[..., ::-1] if colours == "mended" else picture

    def latents(i: int) -> np.ndarray:
        values = _load(path(i, "latent_{}.npy"))
        if values.shape != (LATENTS,) or values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"its latents are {values.shape} {values.dtype}, expected ({LATENTS},) finite numbers")
        return values.astype(np.float32)

    return Listing(
        place=str(folder),
        labels=np.array([objects[number][1] for number, _ in views], dtype=np.int64),
        classes=classes,
        read=read,
        name=lambda i: str(path(i, "image_{}.jpg")),
        files=folders,
        extras={"latents": latents, "objects": lambda i: np.array(views[i][0])},
        skipped=tuple(skipped),
    )


def _view_numbers(folder: Path) -> Iterator[int]:
    """The numbers of views with a picture and latents."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    found = (match for match in map(_PICTURE.fullmatch, names) if match)
    return (int(match[1]) for match in found if f"latent_{match[1]}.npy" in names)


def _load(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a damaged header can raise anything
        raise ValueError(f"{path} is not an array of numbers or of text, or damaged: fetch it again") from error


_SIE = "https://github.com/facebookresearch/SIE"
VIEW_SETS: dict[str, DataSet] = {
    "3diebench": DataSet("3DIEBench", list_3diebench, _SIE, SIDE),
    "3diebench-ood": DataSet(
        "3DIEBench-OOD",
        list_3diebench_ood,
        "https://huggingface.co/datasets/Hafez/3DIEBench-OOD",
        SIDE,
        fetch_from_hub("Hafez/3DIEBench-OOD"),
    ),
}
