"""The memory of this process, and what it takes of a GPU's."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import torch

_HOST = torch.device("cpu")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_memory(device: torch.device = _HOST) -> float:
    """Bytes that were in use at once, at most, since the process began or `forget_peak_memory`: of the host's memory,
    or of a GPU's by PyTorch's tensors."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024.0 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def forget_peak_memory(device: torch.device = _HOST) -> None:
    """Begin to count anew, where the system can: Linux, and GPUs."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR.exists():
        _CLEAR.write_text("5")
