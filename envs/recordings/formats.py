"""The formats of recordings: where each lies, what reads it, and which of them a path leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from .card import CARD, Card
from .chunks import CHUNKS
from .hdf5 import HDF5Reader
from .minari import MinariReader
from .reader import Kinds, Reader
from .webdataset import WebDatasetReader

Format = Literal["hdf5", "minari", "webdataset"]
FILES: Mapping[Format, str] = {"hdf5": "data.h5", "webdataset": "shards", "minari": "minari"}
"""Where each format lies in the folder of a recording, those that are read the fastest first."""
READERS: Mapping[Format, Callable[[Path, Kinds], Reader]] = {
    "hdf5": HDF5Reader,
    "webdataset": WebDatasetReader,
    "minari": MinariReader,
}
"""What reads each format."""


def find_recording(path: Path) -> tuple[Path, Card, Format]:
    """The recording that a path leads to: its folder, its card, and the format to read.

    Args:
        path: the folder of the recording, of which the format is read that is the fastest; or what a format left in it,
            or anything within that.

    Raises:
        FileNotFoundError: where there is no recording that is complete.
        ValueError: for one whose card is damaged, or that does not hold the format.
    """
    folder, named = _split(path)
    card = Card.read(folder)
    for name, file in FILES.items():
        if named in (None, file) and card.files.get(name) == file and (folder / file).exists():
            return folder, card, name
    told = ", ".join(f"{file} ({name})" for name, file in card.files.items())
    raise ValueError(
        f"{path}: {folder / CARD} tells of {told}, and this is not among it, or is gone: copy it there, or record again"
    )


def _split(path: Path) -> tuple[Path, str | None]:
    """The folder of the recording, and what in it the path names, if anything."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: give a folder that `saccadeworld record --out` left")
    for folder in (path, *path.absolute().parents):
        named = None if folder == path else path.absolute().relative_to(folder).parts[0]
        if named in (None, *FILES.values()):
            if (folder / CARD).is_file():
                return folder, named
            if (folder / CHUNKS).is_dir():
                raise FileNotFoundError(
                    f"{folder} holds a recording that is not complete: `saccadeworld record --out {folder} --resume` "
                    "completes it"
                )
    places = ", ".join(f"{file} ({name})" for name, file in FILES.items())
    raise FileNotFoundError(
        f"{path} is no recording, which `saccadeworld record --out DIR` leaves: give DIR, which holds {CARD}, or what "
        f"lies beside that, {places}. What other programs made has no card, to tell what is seen and how it moves"
    )
