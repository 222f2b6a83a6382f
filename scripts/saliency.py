"""saccadeworld saliency: maps of where it is worth looking in pictures, and how well they predict where people look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from textwrap import fill

import numpy as np
import torch
from torch import Tensor

from ..envs.checks import check_number, check_whole
from ..envs.devices import resolve_device
from ..envs.progress import progress
from ..envs.sources.splits import warn_of_skipped
from ..saliency.models import SaliencyModel, make_saliency
from ..saliency.models.model import SMALLEST_SIDE
from ..saliency.osie import load_osie
from ..saliency.stored_maps import StoredMaps
from ..seqjepa.episode_seeds import check_seed
from . import saliency_scores, scanpath_scores
from .benchmarks.figures import as_markdown
from .command import run_command
from .figures import HEAT, overlays
from .matched_fixations import MatchedFixations
from .picture_folder import PictureFolder
from .report import Report
from .results import prepare_folder, write_atomically, write_metrics
from .saliency_maps import Existing, Layout, make_maps, map_store
from .saliency_scores import score_maps
from .scanpath_scores import score_scanpaths
from .score_table import ScoreTable
from .scores import format_table

SIZE = 96


@dataclass(frozen=True)
class Saliency:
    """Make saliency maps of your pictures, and score them where there are human fixations.

    Leaves in the folder `out`: maps/ (for each model a folder with a file for each picture, or an array and the names
    of the pictures in its order), report.html, metrics.json and, where there are scores, saliency.md.

    For example: saccadeworld saliency --images my-pictures --model combined itti-koch --out runs/saliency

    Attributes:
        images: a folder of pictures of any size and mode, flat or nested.
        model: one model or more: "combined", "boolean-maps", "itti-koch", "spectral-residual", "centre-bias",
            "uniform" or "deepgaze".
        out: the folder of the results.
        layout: "files": an .npy file for each picture, of its size; "array": one .npy array (N, 1, size, size) of the
            central squares.
        size: side of the squares of an array, 96 by default.
        existing: what to do with maps that are in `out` already: "refuse" to begin, "keep" them and make those that
            are missing, or "replace" them.
        fixations: human fixations on the pictures, OSIE's fixations.json, matched by the names of files.
        sigma: of the densities of fixations, in shorter sides of the picture; a degree of visual angle in OSIE.
        inhibition: of return in scanpaths that are drawn from the maps to be compared with people's, its radius in
            shorter sides of the picture; by default that of the paper, half a fovea of 32 pixels in 96.
        overlays: how many pictures the report shows.
        seed: of the scanpaths.
        device: "cpu" or "cuda".
        download: fetch what "deepgaze" needs and is not there; nothing else asks the network.
    """

    images: Path
    model: tuple[str, ...] = ("combined",)
    out: Path = Path("runs/saliency")
    layout: Layout = "files"
    size: int | None = None
    existing: Existing = "refuse"
    fixations: Path | None = None
    sigma: float = 0.04
    inhibition: float = 1 / 6
    overlays: int = 12
    seed: int = 0
    device: str = "cpu"
    download: bool = False

    def run(self) -> None:
        self._check()
        device = resolve_device(self.device)
        out = prepare_folder(self.out)
        models = {name: self._make(name) for name in dict.fromkeys(self.model)}
        fixations = None if self.fixations is None else load_osie(self.fixations)
        pictures = PictureFolder.find(self.images, self._side, partial(progress, activity="reading pictures"))
        matched = None if fixations is None else MatchedFixations.of(fixations, pictures)
        maps, metrics = self._maps(models, pictures, out / "maps", device)
        tables = [] if matched is None else self._score(matched, maps)
        metrics |= {key: value for table in tables for key, value in table.flat.items()}
        skipped = [asdict(file) for file in pictures.skipped]
        data = {"images": pictures.content_hash}
        write_metrics(out, metrics, self.seed, asdict(self), data=data, skipped=skipped)
        if tables:
            write_atomically(out / "saliency.md", "\n".join(as_markdown(table.rows) for table in tables))
        self._write_report(out, pictures, maps, matched, tables)
        print("\n".join([] if matched is None else matched.missing))
        for table in tables:
            print(f"\n{format_table(table.rows)}\n\n{fill(table.note, 120)}")
        print(f"\n{len(pictures)} maps of each model in {out / 'maps'}; report: {out / 'report.html'}")

    def _maps(
        self, models: Mapping[str, SaliencyModel], pictures: PictureFolder, folder: Path, device: torch.device
    ) -> tuple[dict[str, StoredMaps], dict[str, float]]:
        """The maps of all models, made as far as they are not there, and how many there are and how fast it was."""
        stores = {name: map_store(pictures, self.layout, folder, name) for name in models}
        missing = {name: store.missing(self.existing) for name, store in stores.items()}
        warn_of_skipped(self.images, pictures.skipped)
        metrics = {"pictures": float(len(pictures)), "pictures/skipped": float(len(pictures.skipped))}
        for name, model in models.items():
            with progress(activity=f"maps: {name}", total=len(missing[name]), unit=" maps") as bar:
                seconds = make_maps(model, stores[name], missing[name], device, bar.update)
            if missing[name]:
                metrics[f"{name}/maps_per_second"] = len(missing[name]) / seconds
        return {name: store.open() for name, store in stores.items()}, metrics

    @property
    def _side(self) -> int | None:
        return None if self.layout == "files" else self.size or SIZE

    def _check(self) -> None:
        check_seed(self.seed)
        check_whole("--overlays", self.overlays, 0)
        check_number("--sigma", self.sigma, 0.001, 1)
        check_number("--inhibition", self.inhibition, 0, 1)
        if not self.model:
            raise ValueError(
                "--model has no name after it: give one or more, or leave it out for the best built-in one"
            )
        if self.size is not None:
            check_whole("--size", self.size, SMALLEST_SIDE)
            if self.layout == "files":
                raise ValueError(
                    f"--size {self.size} is for --layout array; maps in files have the size of their pictures"
                )
        if self.download and "deepgaze" not in self.model:
            raise ValueError("--download fetches the weights of the model deepgaze; leave it out without that model")

    def _make(self, name: str) -> SaliencyModel:
        options = {"download": True} if self.download and name == "deepgaze" else {}
        return make_saliency(name, **options)

    def _score(self, matched: MatchedFixations, maps: Mapping[str, StoredMaps]) -> list[ScoreTable]:
        of = {name: partial(_map, stored, matched.indices) for name, stored in maps.items()}
        with progress(activity="scores", total=2 * len(matched.indices), unit=" pictures") as bar:
            scores = score_maps(of, matched.fixations, self.sigma, bar.update)
            paths = score_scanpaths(of, matched.fixations, self.inhibition, self.seed, bar.update)
        return [
            ScoreTable("maps of", saliency_scores.METRICS, scores, saliency_scores.NOTE),
            ScoreTable("scanpaths of", scanpath_scores.METRICS, paths, scanpath_scores.NOTE.format(self.inhibition)),
        ]

    def _write_report(
        self,
        out: Path,
        pictures: PictureFolder,
        maps: Mapping[str, StoredMaps],
        matched: MatchedFixations | None,
        tables: Sequence[ScoreTable],
    ) -> None:
        report = Report("SaccadeWorld: where it is worth looking")
        report.text(f"Saliency maps of {len(pictures)} pictures in {self.images}, by {', '.join(maps)}.")
        report.items([] if matched is None else matched.missing)
        for table in tables:
            report.table(*table.head_and_body)
            report.text(table.note)
        if self.overlays:
            report.heading("Maps over their pictures")
            report.text(HEAT)
        shown = range(len(pictures)) if matched is None else matched.indices
        for place in sorted({round(place) for place in np.linspace(0, len(shown) - 1, self.overlays)}):
            index = shown[place]
            path = None if matched is None else next(path for path in matched.fixations.scanpaths[place] if len(path))
            over = {name: _map(stored, shown, place).numpy() for name, stored in maps.items()}
            report.figures(pictures.names[index], overlays(pictures.read(index), over, path))
        if pictures.skipped:
            report.heading("What could not be used")
            report.items(f"{file.path}: {file.reason}" for file in pictures.skipped)
        report.write(out / "report.html", self, [self.seed], {"images": pictures.content_hash})


def _map(stored: StoredMaps, indices: Sequence[int], place: int) -> Tensor:
    """The map of one of some pictures as it is stored, (H, W)."""
    return torch.from_numpy(np.array(stored.raw(indices[place])))


def main() -> None:
    run_command(Saliency)


if __name__ == "__main__":
    main()
