"""Where files are kept: whether they can be written, and how much room there is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from .finding import Finding, examine

_LITTLE = 1e9  # bytes of room


def examine_folders() -> Iterator[Finding]:
    """Where results go unless --out names another folder, and where libraries keep what they compile and fetch."""
    folders: dict[str, tuple[Callable[[], Path], str]] = {
        "results": (lambda: Path("runs"), "name another folder with --out"),
        "temporary files": (lambda: Path(tempfile.gettempdir()), "set TMPDIR"),
        "compiled kernels": (_kernels, "set WARP_CACHE_PATH"),
        "fetched weights": (_weights, "set TORCH_HOME"),
        "fonts of figures": (_fonts, "set MPLCONFIGDIR"),
    }
    for about, (find, remedy) in folders.items():
        yield examine(about, partial(_folder, about, find, remedy), remedy)


def _folder(about: str, find: Callable[[], Path], remedy: str) -> Finding:
    """Write into the folder, or into that in which it would be made."""
    folder = find().absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    with tempfile.NamedTemporaryFile(dir=nearest):
        room = shutil.disk_usage(nearest).free
    text = f"{folder}, {room / 1e9:.1f} GB free"
    return Finding(about, "warning", text, f"make room, or {remedy}") if room < _LITTLE else Finding(about, "ok", text)


def _kernels() -> Path:
    import warp

    folder = os.environ.get("WARP_CACHE_PATH") or warp.config.kernel_cache_dir
    if folder is None:
        raise RuntimeError("Warp has not started, see the work above")
    return Path(folder)


def _weights() -> Path:
    import torch.hub

    return Path(torch.hub.get_dir())


def _fonts() -> Path:
    import matplotlib

    return Path(matplotlib.get_cachedir())
