"""saccadeworld path-integration: does a model keep track of where its movements have led?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..envs.progress import progress
from ..seqjepa import SeqJEPA
from ..seqjepa.evaluation import Scores
from ..seqjepa.initial_model import untrained_twin
from ..seqjepa.path_integration import CONDITIONS, LEVELS, PathIntegrationConfig, path_integration
from .command import run_command
from .figures import displacement_by_views
from .options import WorldOptions
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import as_metrics, format_table, with_spread

_NOTE = (
    "From the aggregate of M views and the embedding of the action after them the whole displacement is regressed, "
    "from the first view to the one after M actions, on unseen instances; ± is the standard deviation over repeats, if "
    "there are several. Without actions, or without vision, their embeddings are zeros and the heads are fitted anew. "
    "Exact integration adds up the actions as they were commanded, which is right unless motor noise comes between; "
    "heads on all actions as they are, or on the first, tell what can be known without a model."
)
_ERRORS = {  # which of them there are depends on the world
    "distance": "mean error in sides of the picture",
    "angle": "mean error in degrees",
    "angle/median": "median error in degrees",
}


@dataclass(frozen=True)
class PathIntegration:
    """Regress where several movements have led from what a model keeps of views and actions, of both and of either.

    Prints tables, beside the model's untrained twin and what actions tell by themselves, and leaves metrics.json and
    report.html with the figure. Rotations have MLPs of the paper's size as heads, which take hours on a CPU:
    `--evaluation.hidden 256 --evaluation.epochs 12 --evaluation.decay 0.1` takes minutes.

    For example: saccadeworld path-integration --model runs/objects/model --out runs/path --world.name objects

    Attributes:
        model: the folder of a checkpoint of seq-JEPA.
        out: the folder of the results.
        world: which world, with both splits of its source; motor_noise among its options makes commands unreliable.
        evaluation: how to evaluate.
        device: "cpu" or "cuda".
    """

    model: Path
    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    evaluation: PathIntegrationConfig = field(default_factory=PathIntegrationConfig)
    device: str = "cpu"

    def run(self) -> None:
        config = self.evaluation
        model = SeqJEPA.load(self.model, device=self.device)
        out = prepare_folder(self.out)
        train, test = self.world.make("train", self.device), self.world.make("test", self.device)
        twin = untrained_twin(model, config.seed)
        with progress(activity="integrating paths", total=2 * config.repeats * len(config.views)) as bar:
            trained, untrained = (path_integration(m, train, test, config, bar.update) for m in (model, twin))
        metrics = as_metrics(train.name, "trained", trained) | as_metrics(train.name, "untrained", untrained)
        data = {"train": train.data_hash, "test": test.data_hash}
        write_metrics(out, metrics, config.seed, asdict(self), data=data)
        report = Report(f"Path integration: {train.name}")
        report.text(_NOTE)
        report.figures(
            "R2 of the displacement against the number of actions, of the model and of its untrained twin.",
            displacement_by_views(trained, config.views, "trained"),
            displacement_by_views(untrained, config.views, "untrained"),
        )
        for rows in tables(trained, untrained, config.views):
            report.table(rows[0], rows[1:])
            print(format_table(rows), end="\n\n")
        report.write(out / "report.html", self, [config.seed], data)
        print(f"the figure is in {out / 'report.html'}")


def tables(trained: Scores, untrained: Scores, views: Sequence[int]) -> Iterator[list[list[str]]]:
    """Tables with their headings: R2, then each error there is, by who tells the displacement and number of views."""
    rows = [
        *((f"{who}, trained", trained, who) for who in CONDITIONS),
        *((f"{who}, untrained", untrained, who) for who in CONDITIONS),
        *((who, trained, who) for who in LEVELS),
    ]
    for score, title in {"r2": "R2 of the displacement", **_ERRORS}.items():
        if f"path/full/{views[0]}/{score}" in trained:
            digits = 1 if score.startswith("angle") else 3
            yield [
                [title, *(f"M = {m}" for m in views)],
                *(
                    [label, *(with_spread(scores[f"path/{who}/{m}/{score}"], digits) for m in views)]
                    for label, scores, who in rows
                ),
            ]


def main() -> None:
    run_command(PathIntegration)


if __name__ == "__main__":
    main()
