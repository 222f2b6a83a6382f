"""The device a world lives on."""

from __future__ import annotations

import torch


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device of a name such as "cpu", "cuda" or "cuda:1".

    Raises:
        ValueError: for another kind of device, or CUDA where torch sees none; nothing falls back to the CPU.
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
    return resolved
