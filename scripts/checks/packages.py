"""What is installed, beside what pyproject.toml asks for."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from functools import partial
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from .finding import Finding, examine

_NAME = "saccadeworld"
_MODULES = {"opencv-python": "cv2", "pillow": "PIL", "warp-lang": "warp"}  # those named otherwise than what has them

_FURTHER = {  # what code asks for that is in no extra, and what for
    "torchvision": "for download=True of stl10: and cifar100:",
    "huggingface_hub": "for download=True of 3diebench: and 3diebench-ood:",
    "umap-learn": "for maps by UMAP (saccadeworld latents --mapped-by umap)",
}
_DEEPGAZE = "git+https://github.com/matthias-k/DeepGaze"


def examine_packages() -> Iterator[Finding]:
    """Python, the package itself, what it needs and what it can use beside that."""
    yield examine("python", _python, f"install {_NAME} again: pip install {_NAME}")
    for requirement in _requirements(""):
        remedy = f"pip install '{_wanted(requirement)}'"
        yield examine(requirement.name, partial(_required, requirement, remedy), remedy)
    for extra in metadata.metadata(_NAME).get_all("Provides-Extra") or ():
        yield examine(f"extra {extra}", partial(_extra, extra), "")
    for name, purpose in _FURTHER.items():
        yield _optional(name, purpose, f"pip install {name}")
    yield _optional("deepgaze_pytorch", 'for saliency="deepgaze"', f"pip install {_DEEPGAZE}")


def _python() -> Finding:
    version, allowed = platform.python_version(), metadata.metadata(_NAME)["Requires-Python"]
    text = f"{version}, with {_NAME} {metadata.version(_NAME)}"
    if version in SpecifierSet(allowed, prereleases=True):
        return Finding("python", "ok", text)
    return Finding("python", "broken", text, f"install Python {allowed}")


def _required(requirement: Requirement, remedy: str) -> Finding:
    """A package that has to be there: its version, and whether it can be imported."""
    name = requirement.name
    importlib.import_module(_MODULES.get(name, name.replace("-", "_")))
    version = _version(name)
    if version is None:  # as with another build of OpenCV
        return Finding(name, "warning", f"can be imported, but {_wanted(requirement)} is not what is installed", remedy)
    if requirement.specifier.contains(version, prereleases=True):
        return Finding(name, "ok", f"{version} is {requirement.specifier}")
    return Finding(name, "broken", f"{version} is not {requirement.specifier}", remedy)


def _extra(extra: str) -> Finding:
    """A part that can be installed by name."""
    versions = {requirement: _version(requirement.name) for requirement in _requirements(extra)}
    lacking = [
        _wanted(requirement)
        for requirement, version in versions.items()
        if version is None or not requirement.specifier.contains(version, prereleases=True)
    ]
    if lacking:
        remedy = f"pip install '{_NAME}[{extra}]'"
        return Finding(f"extra {extra}", "missing", f"without {', '.join(lacking)}", remedy)
    there = ", ".join(f"{requirement.name} {version}" for requirement, version in versions.items())
    return Finding(f"extra {extra}", "ok", there)


def _optional(name: str, purpose: str, remedy: str) -> Finding:
    version = _version(name)
    if version is None:
        return Finding(name, "missing", purpose, remedy)
    return Finding(name, "ok", f"{version}, {purpose}")


def _requirements(extra: str) -> list[Requirement]:
    """What an extra asks for beside the package itself; of "" what the package asks for."""
    every = [Requirement(line) for line in metadata.requires(_NAME) or ()]
    return [r for r in every if _applies(r, extra) and (not extra or not _applies(r, ""))]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _wanted(requirement: Requirement) -> str:
    """Such as "pillow>=10.0"."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
