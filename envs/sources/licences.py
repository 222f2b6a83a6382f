"""Under which licence the scenes of a source may be used, as far as that is known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from . import BUILT_IN, SHARDS
from .splits import walk_files

_OWN = "MIT, as all of SaccadeWorld, which makes these scenes itself"
UNKNOWN = "unknown: ask its owner"
_PUBLISHED = {  # those that say so themselves; STL-10, CIFAR-100 and 3DIEBench-OOD name no licence for their pictures
    "imagenet": "for non-commercial research and educational purposes only (ImageNet's terms of access)",
    "tiny-imagenet": "unknown; ImageNet, which it is taken from, is for non-commercial research and education only",
    "shapenet": "for non-commercial research and educational purposes only (ShapeNet's terms of use)",
    "modelnet": "for academic research only; the authors of the models hold their copyrights (ModelNet's page)",
}
_LICENCES = ("licence", "license", "copying")
_README = "readme"
_TEXTS = {"", ".txt", ".md", ".rst"}
_LONGEST = 4000  # characters that are quoted


def licence_of(source: str | None) -> str:
    """The licence of a source in words: a built-in one, a folder, or the name of a data set, a colon and its path.

    That of a folder, or of the folder of shards, is what its licence file says, or else its README; or else licence
    files within, which each tell of what lies beside them; or else a licence file in the folder above, where the given
    one is a part of a data set. Nothing is looked for farther up, nor in a home folder above, which holds other things
    too. At most 4000 characters are quoted.
    """
    if source in (None, *BUILT_IN):
        return _OWN
    kind, _, path = source.partition(":")
    if kind in _PUBLISHED and path:
        return _PUBLISHED[kind]
    folder = Path(source).expanduser()
    if not folder.is_dir():
        folder = Path(path).expanduser()
    if kind == SHARDS and path:
        folder = folder.parent
    if not folder.is_dir():
        return UNKNOWN
    if own := _beginning_with(folder, (*_LICENCES, _README)):
        return f"as its {own[0].name} says: {_quoted(own[0])}"
    if within := _within(folder):
        first = f"{within[0].relative_to(folder)} says: {_quoted(within[0])}"
        return f"as the {len(within)} licence files in it say, each of what lies beside it; {first}"
    if above := _above(folder):
        return f"as {above[0].name} says, which lies in the folder above: {_quoted(above[0])}"
    return UNKNOWN


def _beginning_with(folder: Path, names: Sequence[str]) -> list[Path]:
    """Files of a folder whose names begin so, in the order of these."""
    files = sorted(filter(_is_readable, folder.iterdir()))
    return [file for name in names for file in files if file.name.lower().startswith(name)]


def _within(folder: Path) -> list[Path]:
    """Texts below a folder that have a licence in their name."""
    names = (Path(name) for name in walk_files(folder))
    texts = (name for name in names if name.suffix.lower() in _TEXTS)
    named = (folder / name for name in texts if any(word in name.stem.lower() for word in _LICENCES))
    return sorted(filter(_is_readable, named))


def _above(folder: Path) -> list[Path]:
    """Licence files in the folder above, through no link: who gave the folder did not give what lies beside it."""
    parent = folder.resolve().parent
    if parent in (Path.home().resolve(), Path(parent.anchor)) or not os.access(parent, os.R_OK | os.X_OK):
        return []
    return [file for file in _beginning_with(parent, _LICENCES) if not file.is_symlink()]


def _is_readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)


def _quoted(file: Path) -> str:
    with open(file, encoding="utf-8", errors="replace") as opened:
        text = opened.read(_LONGEST + 1).strip()
    return f"{text[:_LONGEST]}{' [...]' * (len(text) > _LONGEST)}"
