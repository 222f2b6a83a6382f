"""ImageNet, or a part of it, as folders named by WordNet ids (Russakovsky et al., "ImageNet large scale visual
recognition challenge", IJCV 2015)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .banks import Skipped, Split
from .listing import Listing
from .picture_files import SUFFIXES, read_picture
from .published import DataSet, class_names, locate, read_names

SIDE = 224
NAMES = ("LOC_synset_mapping.txt", "synset_words.txt", "words.txt")
_ID = re.compile(r"n\d{8}")


def list_imagenet(folder: Path, split: Split) -> Listing:
    """One split of ImageNet: its train folder, or its validation folder to test on.

    Both hold a folder per class, named by its WordNet id; the validation pictures have to be sorted into such folders,
    as usual. Classes are those of both splits, in the order of their ids, so that splits agree. They have readable
    names where one of LOC_synset_mapping.txt, synset_words.txt and words.txt lies in the folder or its parent.

    Args:
        folder: holds train and val, or a folder ILSVRC/Data/CLS-LOC that does.
        split: "train" or "test".

    Raises:
        FileNotFoundError: naming what is missing.
    """
    part = "train" if split == "train" else "val"
    place = locate(folder, [part], ["ILSVRC/Data/CLS-LOC"])
    there = [place / name for name in ("train", "val") if (place / name).is_dir()]
    ids = sorted({inner.name for outer in there for inner in outer.iterdir() if _ID.fullmatch(inner.name)})
    label = {wnid: i for i, wnid in enumerate(ids)}
    paths, labels, skipped = [], [], []
    for inner in sorted((place / part).iterdir()):
        if inner.name in label:
            pictures = sorted(path for path in inner.iterdir() if path.suffix.lower() in SUFFIXES)
            paths += pictures
            labels += [label[inner.name]] * len(pictures)
        elif not inner.name.startswith("."):
            skipped.append(Skipped(str(inner), "is no folder named by a WordNet id"))
    if not paths:
        raise FileNotFoundError(
            f"{place / part} holds no pictures in folders named by WordNet ids, such as n01440764: "
            f"sort them into such folders, or use the folder as a source of its own"
        )
    tables = (near / name for near in (folder, folder.parent) for name in NAMES)
    table = next((path for path in tables if path.is_file()), None)
    return Listing(
        place=str(place / part),
        labels=np.array(labels, dtype=np.int64),
        classes=class_names(ids, read_names(table) if table else {}),
        read=lambda i, size: read_picture(paths[i], size),
        name=lambda i: str(paths[i]),
        files=paths,
        skipped=tuple(skipped),
    )


IMAGENET = DataSet("ImageNet", list_imagenet, "https://image-net.org/download.php", SIDE)
