"""The memory of this process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_memory() -> float:
    """Bytes that were in use at once, at most, since the process began or `forget_peak_memory`."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024.0 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def forget_peak_memory() -> None:
    """Begin to count anew, where the system can: Linux."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")
