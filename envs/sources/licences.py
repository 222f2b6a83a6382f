"""Under which licence the scenes of a source may be used, as far as that is known."""

from __future__ import annotations

from pathlib import Path

BUILT_IN = "MIT, as all of SaccadeWorld, which makes these scenes itself"
UNKNOWN = "unknown: ask its owner"
_PUBLISHED = {  # those that say so themselves; STL-10, CIFAR-100 and 3DIEBench-OOD name no licence for their pictures
    "imagenet": "for non-commercial research and educational purposes only (ImageNet's terms of access)",
    "tiny-imagenet": "unknown; ImageNet, which it is taken from, is for non-commercial research and education only",
    "shapenet": "for non-commercial research and educational purposes only (ShapeNet's terms of use)",
    "modelnet": "for academic research only; the authors of the models hold their copyrights (ModelNet's page)",
}
_NAMES = ("licence", "license", "copying", "readme")  # in this order
_LONGEST = 4000  # characters that are quoted


def licence_of(source: str | None) -> str:
    """The licence of a source in words: a built-in one, a folder, or the name of a data set, a colon and its path.

    That of a folder is what its licence file says, or else its README, at most 4000 characters of it.
    """
    if source in (None, "scenes", "shapes"):
        return BUILT_IN
    kind, _, path = source.partition(":")
    if kind in _PUBLISHED and path:
        return _PUBLISHED[kind]
    folder = Path(source).expanduser()
    if not folder.is_dir():
        folder = Path(path).expanduser()
    found = _licence_file(folder)
    if found is None:
        return UNKNOWN
    text = found.read_text(encoding="utf-8", errors="replace").strip()
    return f"as its {found.name} says: {text[:_LONGEST]}{' [...]' * (len(text) > _LONGEST)}"


def _licence_file(folder: Path) -> Path | None:
    """The first file that may tell the licence, by its name."""
    if not folder.is_dir():
        return None
    files = sorted(entry for entry in folder.iterdir() if entry.is_file())
    named = ((name, file) for name in _NAMES for file in files if file.name.lower().startswith(name))
    return next((file for _, file in named), None)
