"""saccadeworld reproduce: the tables and curves of the seq-JEPA paper, on a laptop or at the paper's scale."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

import tyro

from ..envs.checks import check_name
from ..envs.progress import Bar, progress
from ..seqjepa.episode_seeds import check_seed
from ..seqjepa.ranks import local_device
from .command import run_command
from .report import Report
from .reproductions.claim_sheets import claim_sheets
from .reproductions.claims import claim_cells
from .reproductions.estimate import estimate
from .reproductions.laptop_scale import LAPTOP
from .reproductions.paper_scale import PAPER
from .reproductions.parts import Cell, tasks_of
from .reproductions.runs import BusyError, Runs, Task
from .reproductions.scale import Inputs, Scale
from .reproductions.sheets import Sheet, part_sheet
from .reproductions.tables import TABLES
from .results import prepare_folder, write_atomically, write_metrics
from .scores import format_table

SCALES = {"laptop": LAPTOP, "paper": PAPER}
_POLL_SECONDS = 5.0

Table = Literal[
    "table1",
    "table2",
    "table3",
    "table4",
    "table7",
    "table8",
    "table9",
    "table11",
    "table12",
    "path-integration",
    "lengths",
    "retrieval",
    "transfer",
    "ablations",
    "anti-collapse",
    "longer",
    "claims",
    "all",
]


@dataclass(frozen=True)
class Reproduce:
    """Reproduce a table or a curve of the seq-JEPA paper, each number beside the paper's.

    Leaves in the folder `out`: TABLE.md and TABLE.json, metrics.json, report.html, and a folder for every training
    (runs/), from which the same command goes on after Ctrl-C or a crash; tables in one folder share their trainings.

    Several processes may work on one folder, on one machine or on many that share it: each takes trainings that no
    other has taken. `torchrun --nproc-per-node 8 -m saccadeworld.scripts.reproduce all --scale paper ...` does so with
    a GPU for each.

    For example: saccadeworld reproduce claims --sources images my-pictures meshes my-meshes --out runs/mine

    Attributes:
        table: which, or all of them.
        scale: "laptop": built-in sources, a small encoder, minutes for each training on two cores. "paper": the
            published data, sizes and epochs, GPU-days.
        out: the folder of the results; runs/reproduce-SCALE when left out.
        seeds: of the trainings; spread is over these.
        sources: names and paths of data. At the scale "paper" it needs 3diebench, stl10, cifar100 and tiny-imagenet,
            whichever the table is about, and may have stl10-saliency, maps as an array, in whose path {split} stands
            for unlabelled, train and test (otherwise DeepGaze makes them, if it is installed); at "laptop" images and
            meshes take the place of the built-in sources.
        bank: a folder in which pictures and saliency maps are kept ready and mapped into memory, for more than fit.
        share: of the steps of every training, for a first look.
        device: "cpu" or "cuda".
        dry_run: only print what would be done, and an estimate of what it costs.
    """

    shares_out: ClassVar[bool] = True  # trainings have locks of their own
    table: Annotated[Table, tyro.conf.Positional]
    scale: Literal["laptop", "paper"] = "laptop"
    out: Path | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    sources: Mapping[str, str] = field(default_factory=dict)
    bank: Path | None = None
    share: float = 1.0
    device: str = "cpu"
    dry_run: bool = False

    def run(self) -> None:
        scale = SCALES[self.scale]
        tables = get_args(Table)[:-1] if self.table == "all" else (self.table,)
        tasks = tasks_of((cell for table in tables for cell in _cells(table, scale)), self.seeds)
        out = prepare_folder(self.out or Path("runs") / f"reproduce-{self.scale}")
        runs = Runs(out / "runs", scale, self._inputs(), local_device(self.device))
        self._check(runs, tasks)
        if self.dry_run:
            rows, note = estimate(tasks, runs)
            print(format_table(rows), note, sep="\n\n")
            return
        _work(runs, tasks)
        if _rank() == 0:
            sheets = {table: _sheets(table, runs, self.seeds) for table in tables}
            self._write(out, sheets, runs.data(tasks))

    def _inputs(self) -> Inputs:
        return Inputs(self.sources, None if self.bank is None else str(self.bank), self.share)

    def _check(self, runs: Runs, tasks: Sequence[Task]) -> None:
        """Refuse what cannot work, before any work."""
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"--seeds {self.seeds}: give one or more different seeds")
        for seed in self.seeds:
            check_seed(seed)
        if not 0 < self.share <= 1:
            raise ValueError(f"--share {self.share} must be above 0 and at most 1")
        families = runs.scale.families.values()
        known = dict.fromkeys(name for family in families for name in (family.data, family.maps) if name)
        for name, path in self.sources.items():
            check_name("--sources", name, known)
            for split in ("unlabelled", "train", "test"):
                if not Path(path.format(split=split)).expanduser().exists():
                    raise FileNotFoundError(f"--sources {name} {path}: there is nothing there")
        runs.check(tasks)

    def _write(self, out: Path, tables: Mapping[str, Sequence[Sheet]], data: Mapping[str, str]) -> None:
        report = Report("seq-JEPA reproduced")
        about = self._about()
        report.text(about)
        metrics: dict[str, float] = {}
        for name, sheets in tables.items():
            for sheet in sheets:
                _add(report, sheet)
            own = {key: value for sheet in sheets for key, value in sheet.metrics.items()}
            metrics |= own
            text = "\n".join([f"# {name}\n\n{about}\n", *(sheet.markdown() for sheet in sheets)])
            write_atomically(out / f"{name}.md", text)
            write_metrics(
                out,
                own,
                self.seeds[0],
                asdict(self),
                name=f"{name}.json",
                data=data,
                seeds=self.seeds,
                parts=[sheet.content for sheet in sheets],
            )
            print(text)
        report.write(out / "report.html", self, self.seeds, data)
        write_metrics(out, metrics, self.seeds[0], asdict(self), data=data, seeds=self.seeds)
        print(f"tables: {', '.join(str(out / f'{name}.md') for name in tables)}; report: {out / 'report.html'}")

    def _about(self) -> str:
        sources = ", ".join(f"{name}: {path}" for name, path in self.sources.items())
        return (
            f"Scale {self.scale}{f', {self.share:g} of its steps' if self.share < 1 else ''}; seeds "
            f"{', '.join(map(str, self.seeds))}; data: {sources or 'built in'}. Mean ± standard deviation over the "
            "seeds, if there are several, in square brackets the paper's number."
        )


def _work(runs: Runs, tasks: Sequence[Task]) -> None:
    """Do all tasks that nobody else is at, and wait for those that somebody is."""
    with progress(activity="reproducing", total=len(tasks), unit=" tasks") as bar:
        while open_tasks := [task for task in tasks if runs.left(task)]:
            bar.update(len(tasks) - len(open_tasks) - bar.n)
            done = [task for task in open_tasks if _try(runs, task, bar)]
            if not done:
                time.sleep(_POLL_SECONDS)
        bar.update(len(tasks) - bar.n)


def _try(runs: Runs, task: Task, bar: Bar) -> bool:
    """Whether the task was done here, not by another process."""
    name = f"{task.training.name} seed {task.seed}"
    try:
        runs.carry_out(task, lambda what: bar.set_description_str(f"{name}: {what}"))
    except BusyError:
        return False
    bar.update(1)
    return True


def _cells(table: str, scale: Scale) -> Iterable[Cell]:
    """All that a table needs."""
    if table == "claims":
        return claim_cells(scale)
    return [cell for part in TABLES[table](scale) for cell in part.needed]


def _sheets(table: str, runs: Runs, seeds: Sequence[int]) -> list[Sheet]:
    """What came out."""
    if table == "claims":
        return claim_sheets(runs.scale, runs, seeds)
    return [part_sheet(part, runs, seeds) for part in TABLES[table](runs.scale)]


def _add(report: Report, sheet: Sheet) -> None:
    report.heading(sheet.title)
    report.table(sheet.header, sheet.body)
    for note in sheet.notes:
        report.text(note)
    if sheet.figures:
        report.figures("Error bars: standard deviation over seeds, if there are several.", *sheet.figures)


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def main() -> None:
    run_command(Reproduce)


if __name__ == "__main__":
    main()
