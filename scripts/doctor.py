"""saccadeworld doctor: what is installed, what works here, and what to do about the rest."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from .checks.devices import cuda_count, examine_devices
from .checks.finding import Finding, State, examine
from .checks.folders import examine_folders
from .checks.jobs import examine_work
from .checks.packages import examine_packages
from .checks.windows import examine_windows
from .command import run_command
from .results import write_metrics


@dataclass(frozen=True)
class Doctor:
    """Look at packages, devices, windows and folders, do a small job on each device, and tell what to do.

    Prints a line for each thing: "ok"; "warning", for what works within limits; "missing", for what is optional; or
    "broken", for what has to work. The exit code is 1 if anything is broken.

    For example: saccadeworld doctor --out runs/doctor

    Attributes:
        out: the folder for metrics.json, with all that was found; none is written unless it is given.
    """

    out: Path | None = None

    def run(self) -> None:
        findings = []
        for finding in _findings():
            print(finding, flush=True)
            findings.append(finding)
        count = Counter(finding.state for finding in findings)
        if self.out is not None:
            metrics = {state: count[state] for state in get_args(State)}
            write_metrics(self.out, metrics, 0, asdict(self), findings=[asdict(finding) for finding in findings])
        if count["broken"]:
            sys.exit(1)


def _findings() -> Iterator[Finding]:
    yield from examine_packages()
    yield from examine_devices()
    for device in ("cpu", *(f"cuda:{number}" for number in range(cuda_count()))):
        yield from examine_work(device)
    yield examine("window", examine_windows, "see opencv-python above")
    yield from examine_folders()


def main() -> None:
    run_command(Doctor)


if __name__ == "__main__":
    main()
