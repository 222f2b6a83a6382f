"""saccadeworld benchmark: how fast the package is on this machine, beside what limits it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro
from tqdm import tqdm

from ..envs.checks import check_whole
from .benchmarks.agents import measure_agents
from .benchmarks.environments import measure_environments
from .benchmarks.figures import HEADER, Plan, as_markdown
from .benchmarks.memory import peak_memory
from .benchmarks.scanpaths import measure_scanpaths
from .command import run_command
from .results import prepare_folder, write_atomically, write_metrics
from .scores import format_table

BENCHMARKS = {"env": measure_environments, "scanpaths": measure_scanpaths, "agent": measure_agents}


@dataclass(frozen=True)
class Benchmark:
    """Measure on one core, each figure several times and side by side with the limit it is held against.

    Leaves metrics.json and benchmark.md in the folder `out`.

    Attributes:
        what: "env": steps of the environments, their growth with rows and pictures, and their memory. "scanpaths":
            sequences of glimpses guided by saliency, stage by stage, and saliency maps. "agent": how fast PPO acts and
            learns through a model.
        out: the folder of the results; runs/benchmark-env and so on when left out.
        runs: how many times each figure is taken; the median counts.
        seconds: how long a call is repeated in a run, at least.
    """

    what: Annotated[Literal["env", "scanpaths", "agent"], tyro.conf.Positional] = "env"
    out: Path | None = None
    runs: int = 9
    seconds: float = 0.2

    def run(self) -> None:
        check_whole("--runs", self.runs, 1)
        if not 0 < self.seconds < 60:
            raise ValueError(f"--seconds {self.seconds}: give more than 0 and less than 60")
        out = prepare_folder(self.out or Path("runs") / f"benchmark-{self.what}")
        torch.set_num_threads(1)
        bar = tqdm(BENCHMARKS[self.what](Plan(self.runs, self.seconds)), unit=" figures", disable=None)
        figures = list(bar)
        table = [HEADER, *(figure.row for figure in figures)]
        write_metrics(
            out,
            {name: value for figure in figures for name, value in figure.metrics.items()},
            seed=0,
            config=asdict(self),
            device="cpu, one thread",
            processor=platform.processor() or platform.machine(),
            peak_memory_mb=peak_memory() / 2**20,
        )
        write_atomically(out / "benchmark.md", as_markdown(table))
        print(format_table(table))
        print(f"\nmedians of {self.runs} runs on one core; the same in {out / 'benchmark.md'}")


def main() -> None:
    run_command(Benchmark)


if __name__ == "__main__":
    main()
