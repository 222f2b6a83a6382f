"""The devices that worlds and models can live on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .finding import Finding, examine

_LITTLE = 4e9  # bytes of memory


def examine_devices() -> Iterator[Finding]:
    """The CPU, CUDA's devices and those of other kinds, if torch can be imported at all."""
    yield examine("cpu", _cpu, "see torch above")
    yield examine("cuda", _cuda, "see torch above")
    for number in range(cuda_count()):
        name = f"cuda:{number}"
        yield examine(name, partial(_gpu, number), "see whether nvidia-smi works")
    yield examine("mps", _mps, "see torch above")


def cuda_count() -> int:
    """How many CUDA devices torch sees; none where it cannot be imported."""
    try:
        import torch

        return torch.cuda.device_count()
    except Exception:
        return 0


def _cpu() -> Finding:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    text = f"{platform.machine()}, {cores} cores, {torch.get_num_threads()} threads of torch, {memory / 1e9:.1f} GB"
    if memory < _LITTLE:
        return Finding("cpu", "warning", text, "large banks of pictures need more memory, or bank=DIR")
    return Finding("cpu", "ok", text)


def _cuda() -> Finding:
    import torch

    built = f"torch was built for CUDA {torch.version.cuda}" if torch.version.cuda else "torch was built without CUDA"
    if torch.cuda.is_available():
        return Finding("cuda", "ok", f"{built} and sees {torch.cuda.device_count()} devices")
    if not Path("/proc/driver/nvidia/version").exists():
        return Finding("cuda", "missing", f"{built}; there is no driver of NVIDIA's here")
    remedy = "install a driver for it" if torch.version.cuda else "install a build with CUDA, see https://pytorch.org"
    return Finding("cuda", "warning", f"{built} and sees no device, though there is a driver of NVIDIA's", remedy)


def _gpu(number: int) -> Finding:
    import torch
    import warp

    found = torch.cuda.get_device_properties(number)
    capability = f"{found.major}.{found.minor}"
    text = f"{found.name}, {found.total_memory / 1e9:.1f} GB, compute capability {capability}"
    if not any(device.ordinal == number for device in warp.get_cuda_devices()):
        return Finding(
            f"cuda:{number}", "broken", f"{text}, which Warp does not see", "update the driver, or warp-lang"
        )
    return Finding(f"cuda:{number}", "ok", f"{text}, which Warp sees too")


def _mps() -> Finding:
    import torch

    if torch.backends.mps.is_available():
        return Finding("mps", "warning", "there, but worlds and models run on cpu or cuda", 'use device="cpu"')
    return Finding("mps", "missing", "none here; worlds and models run on cpu or cuda")
