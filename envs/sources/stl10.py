"""STL-10 in its binary version (Coates, Ng & Lee, "An analysis of single-layer networks in unsupervised feature
learning", AISTATS 2011)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .banks import Split
from .listing import Listing
from .picture_files import resize_square
from .published import DataSet, fetch_from_torchvision, locate

SIDE = 96
_BYTES = 3 * SIDE * SIDE


def list_stl10(folder: Path, split: Split, *, labelled: bool = True) -> Listing:
    """One part of STL-10.

    Pictures are stored as three planes, each column after column. Labels are stored from 1 to 10.

    Args:
        folder: holds train_X.bin and so on, or a folder stl10_binary that does.
        split: "train" (5,000 pictures) or "test" (8,000).
        labelled: False for the 100,000 pictures without labels, which are for training.

    Raises:
        FileNotFoundError: naming the files that are missing.
        ValueError: for files of a wrong length, labels out of range, or pictures without labels to test on.
    """
    if not labelled and split == "test":
        raise ValueError("labelled=False gives pictures to train on; the split 'test' has labels: leave it out")
    part = split if labelled else "unlabeled"
    wanted = [f"{part}_X.bin", *([f"{part}_y.bin", "class_names.txt"] if labelled else [])]
    place = locate(folder, wanted, ["stl10_binary"])
    path = place / wanted[0]
    count, rest = divmod(path.stat().st_size, _BYTES)
    if rest or count == 0:
        raise ValueError(f"{path} has {path.stat().st_size} bytes, not a multiple of {_BYTES}: fetch it again")
    planes = np.memmap(path, np.uint8, "r", shape=(count, 3, SIDE, SIDE))
    files, classes, labels = [path], (), np.full(count, -1)
    if labelled:
        files.append(place / wanted[1])
        classes = tuple((place / wanted[2]).read_text().split())
        labels = np.fromfile(files[1], np.uint8).astype(np.int64) - 1
        if len(labels) != count:
            raise ValueError(f"{files[1]} has {len(labels)} labels for {count} pictures: fetch it again")
        if labels.min() < 0 or labels.max() >= len(classes):
            raise ValueError(f"{files[1]} has labels from {labels.min() + 1} to {labels.max() + 1}, not 1 to 10")
    return Listing(
        place=str(place),
        labels=labels,
        classes=classes,
        read=lambda i, size: resize_square(np.ascontiguousarray(planes[i].transpose(2, 1, 0)), size),
        name=lambda i: f"{path.name}[{i}]",
        files=files,
    )


STL10 = DataSet(
    "STL-10",
    list_stl10,
    "https://cs.stanford.edu/~acoates/stl10",
    SIDE,
    fetch_from_torchvision("STL10", split="test"),
)
