"""Pictures in shards: tar files of many samples each, in the layout of WebDataset, here or on a web server.

A sample is what follows one another in a shard under one key, the name up to its first dot: a picture, KEY.jpg or
another of `picture_files.SUFFIXES`, and its class, KEY.cls with a number or a name in it, or KEY.json with one of these
under "cls" or "label". Everything else is passed over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np

from .banks import Skipped, Split
from .listing import Listing
from .picture_files import SUFFIXES, read_picture
from .shard_pattern import expand
from .splits import is_tested, some
from .tar_members import Member, list_members, read_member

URL = re.compile(r"https?://", re.IGNORECASE)
MOST_CLASSES = 100_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_LARGEST_PICTURE, _LARGEST_LABEL = 2**28, 2**20  # bytes
_SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "val": "test",
    "valid": "test",
    "validation": "test",
}


@dataclass(frozen=True)
class Shards:
    """The shards of one split, unread.

    Attributes:
        pattern: as the user wrote it.
        places: paths and URLs of the shards.
        split: "train" or "test".
        whole: whether all of their samples belong to the split; otherwise a stable hash of its key tells for each.
        labelled: whether samples have a class.
        names: of the classes; None where these are numbers.
    """

    pattern: str
    places: tuple[str, ...]
    split: Split
    whole: bool
    labelled: bool = True
    names: tuple[str, ...] | None = None

    def fingerprint(self) -> str:
        """A hash of what tells these samples from others: places, and of those here also sizes and times of change.

        Of those on a server there is nothing more, so that a bank that is there is used without asking the network.
        """
        told = [self.split, str(self.whole), str(self.labelled), repr(self.names)]
        for place in self.places:
            told.append(place)
            if not URL.match(place):
                state = Path(place).stat()
                told.append(f"{state.st_size} {state.st_mtime_ns}")
        return hashlib.sha256("\0".join(told).encode("utf-8", "surrogateescape")).hexdigest()

    def listing(self, place: str, file: Path) -> Listing:
        """The samples of one shard that belong to the split; classes are left to `classes`.

        Args:
            place: the shard's path or URL, for messages.
            file: the shard itself.

        Raises:
            ValueError: for a shard that is damaged, naming it and where it is.
        """
        try:
            samples = [sample for sample in _samples(file) if self.whole or self._has(sample.key)]
        except ValueError as error:
            raise ValueError(f"the shard {place} cannot be read: {error}; fetch or make it again") from error
        good: list[tuple[Member, int]] = []
        skipped: list[Skipped] = []
        for sample in samples:
            try:
                good.append((sample.picture, self._label(sample, file)))
            except ValueError as error:
                key = sample.key if sample.key.isprintable() else repr(sample.key)
                skipped.append(Skipped(f"{place}/{key}", str(error)))
        return Listing(
            place=place,
            labels=np.array([label for _, label in good], dtype=np.int64),
            classes=(),
            read=lambda i, size: read_picture(BytesIO(read_member(file, good[i][0])), size),
            name=lambda i: f"{place}/{good[i][0].name}",
            files=[file],
            skipped=tuple(skipped),
        )

    def classes(self, labels: np.ndarray) -> tuple[str, ...]:
        """The names of the classes of all samples' labels, (N,) int64: where they are numbers, these."""
        if self.names is not None:
            return self.names
        return tuple(map(str, range(int(labels.max()) + 1)))

    def _has(self, key: str) -> bool:
        return is_tested(key) == (self.split == "test")

    def _label(self, sample: _Sample, file: Path) -> int:
        """-1 for none."""
        _check_key(sample.key)
        if sample.picture.size > _LARGEST_PICTURE:
            raise ValueError(f"its picture has {sample.picture.size} bytes: pictures have at most {_LARGEST_PICTURE}")
        if not self.labelled:
            return -1
        if sample.label is None:
            raise ValueError("has no class, KEY.cls or KEY.json; labelled=False reads pictures without")
        if sample.label.size > _LARGEST_LABEL:
            raise ValueError(f"its class has {sample.label.size} bytes")
        value = _value(sample.label.name, read_member(file, sample.label))
        if isinstance(value, int):
            most = MOST_CLASSES if self.names is None else len(self.names)
            if not 0 <= value < most:
                raise ValueError(f"its class {value} is not from 0 to {most - 1}")
            return value
        if self.names is None:
            raise ValueError(f"its class is the name {value!r}, no number: list the names of classes by classes=FILE")
        if value not in self.names:
            raise ValueError(f"its class {value!r} is not among the {len(self.names)} in the file of classes")
        return self.names.index(value)


def find_shards(pattern: str, split: Split, *, labelled: bool = True, classes: str | None = None) -> Shards:
    """The shards of one split that a pattern stands for.

    Where the names of shards, or of the folders that they are in, hold one of the words train, training, test, val,
    valid and validation, those of train are for training and the others for testing; where none does, a stable hash of
    the sample's key tells, as for a folder of pictures.

    Args:
        pattern: a path or an http(s) URL with braces, such as "data/{train-{000..146},val-{00..06}}.tar".
        split: "train" or "test".
        labelled: False for pictures without classes.
        classes: a text file with the name of a class in each line, in the order of their numbers.

    Raises:
        FileNotFoundError: for shards or a file of classes that are not there; those on a server are not looked for yet.
        ValueError: for a pattern that is none or of other addresses, or that has no shards of the split.
    """
    if classes is not None and not labelled:
        raise ValueError(f"classes={classes!r} names classes, and labelled=False reads none: leave one out")
    places = expand(pattern)
    for place in places:
        if not URL.match(place) and _SCHEME.match(place):
            raise ValueError(
                f"the shard {place!r} is at no path and no http:// or https:// address: nothing else is read"
            )
    words = {place: _split_of(place) for place in places}
    told = {word for word in words.values() if word is not None}
    if told and None in words.values():
        silent = next(place for place, word in words.items() if word is None)
        raise ValueError(f"the pattern {pattern!r} has shards named by their split, but for {silent!r}: name it too")
    chosen = [place for place in places if not told or words[place] == split]
    if not chosen:
        raise ValueError(
            f"the pattern {pattern!r} has no shards to {split} on: name those of both splits, such as "
            "{train-{000..146},val-{00..06}}.tar"
        )
    missing = [place for place in chosen if not URL.match(place) and not Path(place).is_file()]
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(chosen)} shards are not there: {some(missing)}")
    return Shards(
        pattern, tuple(chosen), split, bool(told), labelled, None if classes is None else _names(Path(classes))
    )


def _split_of(place: str) -> Split | None:
    """Told by the name of a shard, or else by that of its folder."""
    for part in reversed(re.split(r"[/\\]", place)[-2:]):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in _SPLIT_WORDS:
                return _SPLIT_WORDS[word]
    return None


def _names(path: Path) -> tuple[str, ...]:
    try:
        names = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text in UTF-8 with a class in each line ({error})") from error
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{path} has {len(names)} lines, {len(set(names))} of them different: give each class a line")
    return names


@dataclass(frozen=True)
class _Sample:
    key: str
    picture: Member
    label: Member | None


def _samples(file: Path) -> Iterator[_Sample]:
    """Samples with a picture; of several members of a kind the first counts."""
    for key, members in groupby(list_members(file), key=lambda member: _split_name(member.name)[0]):
        kinds: dict[str, Member] = {}
        for member in members:
            kinds.setdefault(_split_name(member.name)[1], member)
        picture = next((member for kind, member in kinds.items() if f".{kind}" in SUFFIXES), None)
        if picture is not None:
            yield _Sample(key, picture, kinds.get("cls", kinds.get("json")))


def _split_name(name: str) -> tuple[str, str]:
    """The key of a member, and what kind of its sample it is."""
    folder, slash, base = name.rpartition("/")
    stem, _, kind = base.partition(".")
    return folder + slash + stem, kind.lower()


def _check_key(key: str) -> None:
    path = PurePosixPath(key)
    if path.is_absolute() or ".." in path.parts or not key.isprintable() or not path.name:
        raise ValueError(f"its key {key!r} is no name that leads downwards")


def _value(name: str, content: bytes) -> int | str:
    """The class in a member."""
    try:
        text = content.decode("utf-8").strip()
        value = json.loads(text) if name.lower().endswith(".json") else text
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its class cannot be read: {error}") from error
    if isinstance(value, dict):
        value = next((value[name] for name in ("cls", "label") if name in value), None)
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError(f"{name} holds no class: a number or a name, in JSON under 'cls' or 'label'")
    return value
