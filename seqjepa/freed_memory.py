"""What a training step frees is needed again by the next one: on a CPU the process keeps it meanwhile."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Parameters of glibc's mallopt(3), and what its malloc comes to by itself where large blocks are freed and taken again.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_LARGEST_TRIM_THRESHOLD, _DEFAULT_MMAP_MAX = 64 << 20, 65536


@contextmanager
def freed_memory_kept(device: torch.device) -> Iterator[None]:
    """Within, memory that is freed on the host stays with the process; afterwards it goes back to the system.

    By itself glibc's malloc gives blocks of 32 MiB and more back when they are freed, and when the next step takes them
    again the kernel has to clear and map every page anew. Activations of a batch are such blocks, and a step of a large
    encoder took a tenth of its time for that. Elsewhere than on a CPU with glibc this does nothing: PyTorch keeps the
    memory of GPUs by itself.
    """
    if device.type != "cpu" or platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_MAX, _DEFAULT_MMAP_MAX)
        libc.mallopt(_TRIM_THRESHOLD, _LARGEST_TRIM_THRESHOLD)
        libc.malloc_trim(0)
