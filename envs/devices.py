"""The device a world lives on."""

from __future__ import annotations

import torch


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device of a name such as "cpu", "cuda" or "cuda:1"; of "cuda" the current one by its number.

    Tensors name their device by its number, which torch holds to be another than the one without.

    Raises:
        ValueError: for another kind of device, and for CUDA, or a number of it, where torch sees none; nothing falls
            back to the CPU.
    """
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'device={device!r} is not a device torch knows; use "cpu" or "cuda"') from error
    if resolved.type not in ("cpu", "cuda"):
        raise ValueError(f'device={str(device)!r} is not supported; use "cpu" or "cuda"')
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={str(device)!r} was asked for, but torch {torch.__version__} sees no CUDA device; "
            'use device="cpu", or install a CUDA build of torch on a machine with a GPU'
        )
    return _numbered(resolved) if resolved.type == "cuda" else resolved


def _numbered(device: torch.device) -> torch.device:
    """A CUDA device by its number."""
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise ValueError(f"device={str(device)!r} was asked for, but the last that torch sees is cuda:{count - 1}")
    return torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index)
