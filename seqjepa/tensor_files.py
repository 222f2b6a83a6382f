"""Files of `torch.save`, read without executing them, and in no more memory than they take on the disk."""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from pathlib import Path
from typing import Any

import torch


def load_tensors(path: Path, device: str | torch.device = "cpu") -> Any:
    """Tensors in plain containers, on a device, as `torch.save` wrote them.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: for a file that is damaged, holds more than tensors, or would unpack to more than its size.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint file at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, path.stat().st_size)
        return torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} was not loaded because it is damaged or holds more than tensors, which could run code. If you "
            "trust it, open it once elsewhere and save its tensors alone"
        ) from error
    except Exception as error:  # a broken pickle can raise anything
        raise ValueError(f"{path} is not a readable PyTorch checkpoint: {error}") from error


def _check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse what PyTorch reads but never writes: entries that are compressed or overlap, and calls that allocate."""
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or sum(e.file_size for e in entries) > size:
        raise ValueError("it would unpack to more than its own size: do not trust it")
    for entry in entries:
        if entry.filename.endswith("data.pkl"):
            for opcode, argument, _ in pickletools.genops(archive.read(entry)):
                if opcode.name == "GLOBAL" and str(argument).endswith(" bytearray"):  # of any length, in a few bytes
                    raise ValueError("it asks for a bytearray, which is no part of a tensor: do not trust it")
