"""Tiny ImageNet: 200 classes of ImageNet at 64 pixels a side (Stanford CS231n)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .banks import Skipped, Split
from .listing import Listing
from .picture_files import SUFFIXES, read_picture
from .published import DataSet, class_names, locate, read_names

SIDE = 64


def list_tiny_imagenet(folder: Path, split: Split) -> Listing:
    """One split of Tiny ImageNet: 100,000 pictures to train on; its validation set, 10,000, to test.

    Classes are in the order of wnids.txt, as in most published work. The pictures of its own test set have no labels
    and are not read.

    Args:
        folder: holds wnids.txt, words.txt, train and val, or a folder tiny-imagenet-200 that does.
        split: "train" or "test".

    Raises:
        FileNotFoundError: naming what is missing.
        ValueError: for annotations of classes that wnids.txt does not list, or pictures that are not there.
    """
    wanted = ["wnids.txt", "words.txt", "train" if split == "train" else "val/val_annotations.txt"]
    place = locate(folder, wanted, ["tiny-imagenet-200"])
    ids = (place / "wnids.txt").read_text().split()
    label = {wnid: i for i, wnid in enumerate(ids)}
    pairs, skipped = _train(place, label) if split == "train" else _test(place, label)
    if not pairs:
        raise FileNotFoundError(f"{place / 'train'} holds no pictures: looked for {ids[0] if ids else 'WNID'}/images")
    paths = [path for path, _ in pairs]
    return Listing(
        place=str(place),
        labels=np.array([number for _, number in pairs], dtype=np.int64),
        classes=class_names(ids, read_names(place / "words.txt")),
        read=lambda i, size: read_picture(paths[i], size),
        name=lambda i: str(paths[i]),
        files=paths,
        skipped=skipped,
    )


_Found = tuple[list[tuple[Path, int]], tuple[Skipped, ...]]
"""Pictures with their labels, and what belongs to no class."""


def _train(place: Path, label: dict[str, int]) -> _Found:
    pairs, skipped = [], []
    for inner in sorted((place / "train").iterdir()):
        if inner.name in label:
            pictures = (path for path in (inner / "images").glob("*") if path.suffix.lower() in SUFFIXES)
            pairs += [(path, label[inner.name]) for path in sorted(pictures)]
        elif not inner.name.startswith("."):
            skipped.append(Skipped(str(inner), "not listed in wnids.txt"))
    return pairs, tuple(skipped)


def _test(place: Path, label: dict[str, int]) -> _Found:
    """Lines of a picture's name, its class and its bounding box, separated by tabs."""
    pairs = []
    path = place / "val" / "val_annotations.txt"
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        parts = line.split("\t")
        if len(parts) < 2 or parts[1] not in label or Path(parts[0]).name != parts[0]:
            raise ValueError(f"{path}, line {number}: {line!r} does not name a picture and a class of wnids.txt")
        pairs.append((place / "val" / "images" / parts[0], label[parts[1]]))
    return sorted(pairs), ()


TINY_IMAGENET = DataSet("Tiny ImageNet", list_tiny_imagenet, "http://cs231n.stanford.edu/tiny-imagenet-200.zip", SIDE)
