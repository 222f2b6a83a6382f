"""What every command leaves in its `--out` folder: metrics.json, whole or not at all."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGES = ("saccadeworld", "numpy", "gymnasium", "warp-lang", "trimesh", "pillow")


def prepare_folder(out: Path, option: str = "--out") -> Path:
    """Make sure before any work that a folder can be written, or made where it is not there; nothing is left in it.

    Args:
        out: the folder.
        option: that names it, for the error.

    Raises:
        ValueError: when `out` is a file or cannot be written, with the reason.
    """
    try:
        nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
        with tempfile.NamedTemporaryFile(dir=nearest):
            return out
    except OSError as error:
        raise ValueError(
            f"{option} {out} cannot be written ({error.strerror}); make it writable, or choose another"
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write a text file, and the folder it lies in, so that a reader, or a crash, never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")  # others may be writing the same
    try:
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def write_metrics(
    out: Path,
    metrics: Mapping[str, float],
    seed: int,
    config: Mapping[str, Any],
    *,
    name: str = "metrics.json",
    data: Mapping[str, str] | None = None,
    **beside: Any,
) -> None:
    """Write metrics.json, or a file of another name: {"metrics": flat names to numbers, "seed", "config", ...}.

    Args:
        out: the folder.
        metrics: flat names to numbers.
        seed: that they came about with.
        config: the options of the command.
        name: of the file.
        data: hashes of the pictures or meshes that they come from, by what these were used for.
        beside: more entries.

    Raises:
        ValueError: for a number that is not finite.
    """
    content = {"metrics": dict(metrics), "seed": seed, "config": dict(config), "versions": versions()}
    content |= {"data": dict(data or {}), **beside}
    write_atomically(out / name, json.dumps(content, indent=1, default=str, allow_nan=False) + "\n")


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of what its numbers depend on, and the processor."""
    import torch  # only here, as doctor is for machines where that fails

    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    packages["torch"] = torch.__version__  # which tells its build, for which CUDA, too
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}
