"""saccadeworld latents: what lies beside what among a model's embeddings, as maps, as neighbours and as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..envs.augmentations.parameters import LATENTS, NAMES
from ..envs.worlds import AugmentationsWorld, World
from ..envs.worlds.rotating import RotatingWorld
from ..seqjepa import load_model
from ..seqjepa.episode_seeds import check_seed
from ..seqjepa.features import Aggregating, extract_features
from ..seqjepa.latent_maps import principal_map, silhouette, umap_map
from ..seqjepa.neighbours import find_neighbours, neighbour_scores
from ..seqjepa.view_model import ViewModel
from ..seqjepa.view_sets import embed_view_sets
from .command import run_command
from .figures import map_by_class, map_by_value, neighbour_strips
from .options import WorldOptions
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import format_table

_FULL_TURN = 360.0
_STRIPS = 6  # queries that are shown
_SCENES = 200  # as many as maps can show


class Coordinate(NamedTuple):
    """A number of every pose, (N,): its name and unit, and after how much it comes round again, if it does."""

    title: str
    values: Tensor
    unit: str
    period: float | None = None


@dataclass(frozen=True)
class Latents:
    """Maps of a model's embeddings by class and by pose, and the nearest neighbours of views, on unseen instances.

    Leaves report.html with the pictures, and metrics.json with how often neighbours share class, scene and pose beside
    chance, and how far classes stand apart (silhouettes) in embeddings of single views and in aggregates.

    For example: saccadeworld latents --model runs/objects/model --out runs/maps --world.name objects

    Attributes:
        model: the folder of a checkpoint of any method.
        out: the folder of the results.
        world: which world; its test split is looked at.
        scenes: how many instances; None for 200, or all where there are fewer.
        views: views of each for neighbours and maps of single views.
        aggregated: views that are aggregated, for models that do.
        neighbours: how many of each view.
        mapped_by: "pca", principal components; "umap", which needs the package umap-learn.
        policy: who moves; None for a grid over pictures, and the world's default elsewhere.
        seed: of views and maps.
        device: "cpu" or "cuda".
    """

    model: Path
    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    scenes: int | None = None
    views: int = 9
    aggregated: int = 5
    neighbours: int = 3
    mapped_by: Literal["pca", "umap"] = "pca"
    policy: str | None = None
    seed: int = 0
    device: str = "cpu"

    def run(self) -> None:
        check_seed(self.seed)
        model = load_model(self.model, device=self.device)
        world = self.world.make("test", self.device)
        out = prepare_folder(self.out)
        scenes = min(_SCENES, len(world)) if self.scenes is None else self.scenes
        sets = embed_view_sets(model, world, scenes, self.views, self.policy, self.seed)
        count = sets.z.shape[1]
        labels, z, poses = sets.labels.repeat_interleave(count), sets.z.flatten(0, 1), sets.poses.flatten(0, 1)
        scores = {
            **neighbour_scores(world, sets, self.neighbours),
            **(_silhouettes("z", z, labels) if world.classes else {}),
        }
        report = Report(f"Embeddings: {world.name}")
        report.heading("Single views")
        points = self._map(z)
        report.figures(
            f"{len(z)} views of {scenes} instances, {self._method}.",
            *([map_by_class(points, labels, world.classes, "by class")] if world.classes else []),
            *(map_by_value(points, c.values, f"by {c.title}", c.unit, c.period) for c in coordinates(world, poses)),
        )
        if isinstance(model, Aggregating) and world.classes:
            scores |= self._aggregates(model, world, scenes, report)
        report.heading("Nearest neighbours")
        found = find_neighbours(sets, self.neighbours, other_scenes=True)
        step = max(1, len(z) // _STRIPS)
        shown = list(range(0, len(z), step))[:_STRIPS]
        report.figures(
            "Views, and those of other instances nearest to each.", neighbour_strips(world, sets, found, shown)
        )
        rows = [[name, f"{value:.3f}"] for name, value in scores.items()]
        report.table(["score", "value"], rows)
        data = {"test": world.data_hash}
        report.write(out / "report.html", self, [self.seed], data)
        write_metrics(out, scores, self.seed, asdict(self), data=data)
        print(format_table([["score", "value"], *rows]))
        print(f"the pictures are in {out / 'report.html'}")

    @property
    def _method(self) -> str:
        return {"pca": "two principal components", "umap": "UMAP"}[self.mapped_by]

    def _map(self, features: Tensor) -> Tensor:
        if self.mapped_by == "umap":
            return umap_map(features, seed=self.seed)
        return principal_map(features).points

    def _aggregates(self, model: ViewModel, world: World, scenes: int, report: Report) -> dict[str, float]:
        features = extract_features(model, world, scenes, (self.aggregated,), self.policy, self.seed)
        aggregates, labels = features.aggregates[self.aggregated], features.labels
        report.heading("Aggregates")
        report.figures(
            f"Aggregates of {self.aggregated} views each, of {scenes} instances, {self._method}.",
            map_by_class(self._map(aggregates), labels, world.classes, "by class"),
        )
        return _silhouettes("aggregate", aggregates, labels)


def coordinates(world: World, poses: Tensor) -> Iterator[Coordinate]:
    """What to colour maps by: of poses (N, P) the fixation, the angles of the rotation, or what actions change."""
    if isinstance(world, RotatingWorld):
        angles = torch.from_numpy(Rotation.from_quat(poses[:, :4].double().cpu().numpy()).as_euler("xyz", degrees=True))
        for axis, values in zip("xyz", angles.unbind(1), strict=True):
            yield Coordinate(f"angle about {axis}", values, "degrees", _FULL_TURN)
    elif isinstance(world, AugmentationsWorld):
        for i, place in enumerate(LATENTS[world.options["latents"]][: world.action_dim]):
            yield Coordinate(NAMES[place], poses[:, i], "in its range")
    else:
        for title, values in zip(("row", "column"), poses.unbind(1), strict=True):
            yield Coordinate(title, values, "sides of the picture")


def _silhouettes(name: str, features: Tensor, labels: Tensor) -> dict[str, float]:
    """How far classes stand apart, and how far they would if they were drawn."""
    drawn = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    return {
        f"silhouette/{name}": silhouette(features, labels),
        f"silhouette/{name}/chance": silhouette(features, drawn),
    }


def main() -> None:
    run_command(Latents)


if __name__ == "__main__":
    main()
