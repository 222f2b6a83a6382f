"""Which files of a folder are instances of which class, and which of them are held out for testing.

Splits are by instance: no file of one split occurs in the other, and both splits share one list of classes.
"""

from __future__ import annotations

import csv
import hashlib
import os
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..checks import check_name, check_number
from .banks import Skipped, Split

INDEX = "index.csv"
SPLITS: tuple[Split, ...] = ("train", "test")
TEST_FRACTION = 0.2
"""The share for testing where nothing says it."""


@dataclass(frozen=True)
class Instance:
    """One file of a class.

    Attributes:
        path: where it is.
        name: its path relative to the folder that was asked for, with forward slashes; unique.
        label: index into `Instances.classes`.
    """

    path: Path
    name: str
    label: int


@dataclass(frozen=True)
class Instances:
    """The instances of one split.

    Attributes:
        items: the instances, sorted by name.
        classes: the classes of both splits, sorted by name (by value where all are whole numbers).
        skipped: files that belong to no class or no split.
    """

    items: tuple[Instance, ...]
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


class _Entry(NamedTuple):
    path: Path
    name: str
    class_name: str
    split: str


def find_instances(
    folder: str | Path,
    suffixes: Collection[str],
    split: Split,
    test_fraction: float = TEST_FRACTION,
    names: Iterable[str] | None = None,
) -> Instances:
    """The instances of one split of a folder with a subfolder per class, searched at any depth.

    Classes and splits come from the first of these that is there:

    1. `index.csv` in the folder or in its parent, with the columns `path` (relative to the index), `split` ("train"
       or "test"), and `class` or `label` (the class's name; `class` wins). Files that it does not list are skipped.
       An index in the parent that lists nothing of this folder is passed over.
    2. Folders named `train` and `test` (or else `val`) beside each other, with the class folders in them; or `train`
       and `test` inside a class folder (as in ModelNet).
    3. The subfolder's name, and a stable hash of the file's relative path without its suffix: a file is for testing if
       its hash, a number in [0, 1), is below `test_fraction`, so that adding files moves no others. The exception keeps
       both splits of a class with two instances or more from being empty: the file with the lowest hash is tested, the
       one with the highest trained on. The only instance of a class is for training.

    A folder with files but no class folders is one class, named after the folder. Hidden files are passed over.

    Args:
        folder: the folder.
        suffixes: what usable files end with, in lower case with the dot; case is ignored.
        split: "train" or "test".
        test_fraction: the share for testing where neither an index nor split folders say it, within (0, 1).
        names: relative paths of the files to consider; all there are by default.

    Raises:
        FileNotFoundError: the folder, or a file that the index lists, does not exist.
        NotADirectoryError: the folder is a file.
        TypeError: a fraction that is no number.
        ValueError: nothing usable in the folder or in the split, a bad index, an unknown split or a bad fraction.

    Warns:
        UserWarning: classes without an instance in this split.
    """
    folder = Path(folder)
    check_name("split", split, SPLITS)
    check_number("test_fraction", test_fraction, 0, 1)
    if test_fraction in (0, 1):
        raise ValueError(f"test_fraction={test_fraction} leaves one of the splits empty; use what is between 0 and 1")
    if not folder.exists():
        name = len(folder.parts) == 1 and not folder.is_absolute()
        more = "; built in are 'scenes' and 'shapes', data sets are named as NAME:PATH" if name else ""
        raise FileNotFoundError(f"no folder {folder}: check the path{more}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: name the folder that holds the class folders")

    names = walk_files(folder) if names is None else names
    files = {name: folder / name for name in names if Path(name).suffix.lower() in suffixes}
    indexed = _from_index(folder, files)
    entries, skipped = indexed if indexed is not None else _from_tree(folder, files, test_fraction)
    if not entries:
        raise ValueError(f"{folder} holds no usable file: expected {some(sorted(suffixes), 20)} in a folder per class")
    return _of_split(folder, entries, skipped, split)


def walk_files(folder: Path) -> Iterator[str]:
    """Relative paths of all files that are not hidden, through symbolic links but not round in circles."""

    def fail(error: OSError) -> None:
        raise error

    for root, dirs, names in os.walk(folder, onerror=fail, followlinks=True):
        here = Path(root).resolve()
        above = {here, *here.parents}
        dirs[:] = [d for d in dirs if not d.startswith(".") and (here / d).resolve() not in above]
        for name in names:
            if not name.startswith("."):
                yield (Path(root) / name).relative_to(folder).as_posix()


def _from_index(folder: Path, files: dict[str, Path]) -> tuple[list[_Entry], list[Skipped]] | None:
    folder = Path(os.path.abspath(folder))
    index = next((place / INDEX for place in (folder, folder.parent) if (place / INDEX).is_file()), None)
    if index is None:
        return None
    prefix = folder.relative_to(index.parent)
    rows = [row for row in _read_index(index) if PurePosixPath(row.name).is_relative_to(prefix.as_posix())]
    if not rows and index.parent != folder:
        return None
    missing = [row.name for row in rows if not row.path.is_file()]
    if missing:
        raise FileNotFoundError(f"{index} lists {len(missing)} files that do not exist: {some(missing)}")

    entries, skipped = [], []
    for row in rows:
        name = row.path.relative_to(folder).as_posix()
        if name in files:
            entries.append(row._replace(path=files.pop(name), name=name))
        else:
            skipped.append(Skipped(str(row.path), f"listed in {INDEX}, but not of a type that is read here"))
    skipped += [Skipped(str(path), f"not listed in {index}") for path in files.values()]
    return entries, skipped


def _read_index(index: Path) -> list[_Entry]:
    """The rows of an index; names are relative to the index."""
    try:
        with index.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns, rows = reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{index} is not a CSV file in UTF-8 ({error}): mend or rename it") from error
    class_column = next((name for name in ("class", "label") if name in columns), None)
    if class_column is None or not {"path", "split"} <= set(columns):
        raise ValueError(
            f"{index} has the columns {', '.join(columns) or '(none)'}; expected path, split, and class or label: "
            "add them, or rename the file if it is no index of pictures or meshes"
        )
    entries: dict[str, _Entry] = {}
    for line, row in enumerate(rows, start=2):
        name, class_name, split = (str(row[key] or "").strip() for key in ("path", class_column, "split"))
        relative = PurePosixPath(name)
        if split not in SPLITS:
            raise ValueError(f"{index}, row {line}: unknown split {split!r}, expected one of {SPLITS}")
        if not class_name:
            raise ValueError(f"{index}, row {line}: no {class_column} given for {name!r}")
        if not name or relative.is_absolute() or ".." in relative.parts:
            raise ValueError(f"{index}, row {line}: path {name!r} does not lead from the index's folder downwards")
        if str(relative) in entries:
            raise ValueError(f"{index}, row {line}: {name!r} is listed twice, so its split is in doubt")
        entries[str(relative)] = _Entry(index.parent / relative, str(relative), class_name, split)
    return list(entries.values())


def _from_tree(folder: Path, files: dict[str, Path], test_fraction: float) -> tuple[list[_Entry], list[Skipped]]:
    folders = {name: list(PurePosixPath(name).parts[:-1]) for name in files}
    if not any(folders.values()):  # one class
        entries = [_Entry(path, name, folder.resolve().name, "") for name, path in files.items()]
        return _by_hash(entries, test_fraction), []

    entries, skipped = [], []
    outer = {inner[0] for inner in folders.values() if inner}
    held_out = "test" if "test" in outer else "val"
    split_first = {"train", held_out} <= outer
    if "train" in outer and outer <= {"train", "valid", "validation"}:
        raise ValueError(
            f"{folder} holds the folders {some(sorted(outer))}: give it one named 'test' or 'val' as well, or name "
            "the folder inside that holds the class folders"
        )
    for name, path in files.items():
        inner = folders[name]
        if split_first:
            inner[:2] = inner[1::-1]
            inner[1:2] = ["test" if part == held_out else part for part in inner[1:2]]
        if not inner:
            skipped.append(Skipped(str(path), "lies in no class folder"))
        elif split_first and (len(inner) < 2 or inner[1] not in SPLITS):
            skipped.append(Skipped(str(path), f"lies in no class folder in train or {held_out}"))
        else:
            split = inner[1] if len(inner) > 1 and inner[1] in SPLITS else ""
            entries.append(_Entry(path, name, inner[0], split))
    told = [entry for entry in entries if entry.split]
    return told + _by_hash([entry for entry in entries if not entry.split], test_fraction), skipped


def is_tested(name: str, test_fraction: float = TEST_FRACTION) -> bool:
    """Whether a stable hash of a name chooses it for testing, whatever other names there are."""
    return _hash(name) < test_fraction


def _by_hash(entries: Sequence[_Entry], test_fraction: float) -> list[_Entry]:
    hashes: dict[str, dict[str, float]] = defaultdict(dict)
    for entry in entries:
        hashes[entry.class_name][_stem(entry.name)] = _hash(_stem(entry.name))
    tested = {name: _tested(values, test_fraction) for name, values in hashes.items()}
    return [e._replace(split="test" if _stem(e.name) in tested[e.class_name] else "train") for e in entries]


def _tested(hashes: dict[str, float], test_fraction: float) -> set[str]:
    ranked = sorted(hashes, key=lambda stem: (hashes[stem], stem))
    count = sum(value < test_fraction for value in hashes.values())
    return set(ranked[: min(max(count, 1), len(ranked) - 1)])


def _stem(name: str) -> str:
    """A model saved in two formats is one instance."""
    return str(PurePosixPath(name).with_suffix(""))


def _hash(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:6], "big") / 2**48


def _of_split(folder: Path, entries: list[_Entry], skipped: list[Skipped], split: Split) -> Instances:
    names = {entry.class_name for entry in entries}
    classes = tuple(sorted(names, key=int) if all(n.isdecimal() for n in names) else sorted(names))
    label = {name: i for i, name in enumerate(classes)}
    chosen = sorted((e for e in entries if e.split == split), key=lambda e: e.name)
    if not chosen:
        raise ValueError(
            f"{folder} has {len(entries)} usable files but none in the split {split!r}: a class needs two instances "
            f"to have one in each split; folders named {' and '.join(SPLITS)} or an {INDEX} state splits"
        )
    absent = [name for name in classes if name not in {e.class_name for e in chosen}]
    if absent:
        share = f"{len(absent)} of {len(classes)} classes"
        warnings.warn(f"{folder}: {share} have no instance to {split} on: {some(absent)}; add some", stacklevel=3)
    items = tuple(Instance(e.path, e.name, label[e.class_name]) for e in chosen)
    return Instances(items, classes, tuple(sorted(skipped, key=lambda s: s.path)))


def warn_of_skipped(folder: str | Path, skipped: Sequence[Skipped], stacklevel: int = 3) -> None:
    """One UserWarning with the number of skipped files and the first few, if there are any."""
    if skipped:
        listed = some([f"{file.path} ({file.reason})" for file in skipped])
        warnings.warn(f"{folder}: {len(skipped)} files skipped: {listed}", stacklevel=stacklevel)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few of many names, in a row, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
