"""saccadeworld benchmark: how fast the package is on this machine, beside what limits it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from ..envs.checks import check_whole
from ..envs.devices import resolve_device
from ..envs.progress import progress
from .benchmarks.agents import measure_agents
from .benchmarks.comparison import HEADER as COMPARED
from .benchmarks.comparison import compare, read_earlier
from .benchmarks.environments import measure_environments
from .benchmarks.figures import HEADER, Figure, Plan, as_markdown
from .benchmarks.memory import peak_memory
from .benchmarks.rendering import measure_rendering
from .benchmarks.scanpaths import measure_scanpaths
from .benchmarks.training import measure_training
from .command import run_command
from .results import prepare_folder, write_atomically, write_metrics
from .scores import format_table

BENCHMARKS = {
    "env": measure_environments,
    "scanpaths": measure_scanpaths,
    "render": measure_rendering,
    "train": measure_training,
    "agent": measure_agents,
}


@dataclass(frozen=True)
class Benchmark:
    """Measure how fast things are, each figure several times and side by side with the limit it is held against.

    Leaves metrics.json and benchmark.md in the folder `out`.

    For example: saccadeworld benchmark train --threads 2 --compare runs/earlier/metrics.json

    Attributes:
        what: "env": steps of the environments, their growth with rows and pictures, and their memory. "scanpaths":
            sequences of glimpses guided by saliency, stage by stage, and saliency maps. "render": views of objects.
            "train": steps of training, beside the released code's, and the share that worlds take. "agent": how fast
            PPO acts and learns through a model. "all": all of them.
        out: the folder of the results; runs/benchmark-env and so on when left out.
        compare: a metrics.json that an earlier benchmark left; what became worse or better beyond the noise is told.
        device: "cpu" or "cuda": of worlds and models, and of the limits beside them. The released pipeline and ap_gym
            stay on the CPU.
        threads: cores that are used.
        runs: how many times each figure is taken; the median counts.
        seconds: how long a call is repeated in a run, at least.
    """

    what: Annotated[Literal["env", "scanpaths", "render", "train", "agent", "all"], tyro.conf.Positional] = "env"
    out: Path | None = None
    compare: Path | None = None
    device: str = "cpu"
    threads: int = 1
    runs: int = 9
    seconds: float = 0.2

    def run(self) -> None:
        check_whole("--runs", self.runs, 1)
        check_whole("--threads", self.threads, 1)
        if not 0 < self.seconds < 60:
            raise ValueError(f"--seconds {self.seconds}: give more than 0 and less than 60")
        device = resolve_device(self.device)
        earlier = {} if self.compare is None else read_earlier(self.compare)
        out = prepare_folder(self.out or Path("runs") / f"benchmark-{self.what}")
        torch.set_num_threads(self.threads)
        plan = Plan(self.runs, self.seconds, device)
        chosen = BENCHMARKS if self.what == "all" else [self.what]
        measured = (figure for name in chosen for figure in BENCHMARKS[name](plan))
        figures = list(progress(measured, "measuring", unit=" figures"))
        tables = [[HEADER, *(figure.row for figure in figures)]]
        if earlier:
            tables.append([COMPARED, *compare(figures, earlier)])
        self._write(out, figures, tables, device)

    def _write(
        self, out: Path, figures: list[Figure], tables: list[list[tuple[str, ...]]], device: torch.device
    ) -> None:
        write_metrics(
            out,
            {name: value for figure in figures for name, value in figure.metrics.items()},
            seed=0,
            config=asdict(self),
            device=f"{_name(device)}, threads: {self.threads}",
            processor=platform.processor() or platform.machine(),
            peak_memory_mb=peak_memory(device) / 2**20,
        )
        write_atomically(out / "benchmark.md", "\n".join(as_markdown(table) for table in tables))
        for table in tables:
            print(format_table(table), end="\n\n")
        print(f"medians of {self.runs} runs, threads: {self.threads}; the same in {out / 'benchmark.md'}")


def _name(device: torch.device) -> str:
    return f"{device}: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)


def main() -> None:
    run_command(Benchmark)


if __name__ == "__main__":
    main()
