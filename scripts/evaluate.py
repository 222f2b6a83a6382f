"""saccadeworld evaluate: probe a trained model on unseen instances, beside its null levels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..envs.progress import progress
from ..seqjepa import load_model
from ..seqjepa.episode_seeds import first_of_repeat
from ..seqjepa.evaluation import EvaluationConfig, evaluate
from ..seqjepa.initial_model import untrained_twin
from .collectors import make_collector
from .command import run_command
from .evaluation_report import add_episodes, add_scores
from .options import WorldOptions
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import HEADER, as_metrics, format_table, table

_NOTE = (
    "Probes on frozen embeddings, fitted on instances of the training split and scored on those of the test split, "
    "beside the same network untrained; mean ± standard deviation over repeats, if there are several."
)


@dataclass(frozen=True)
class Evaluate:
    """Probe a model, and its untrained twin, on unseen instances of a world; print a table of the scores.

    Leaves metrics.json, and report.html with episodes, how much seq-JEPA's aggregate attends to each view, and scores.

    For example: saccadeworld evaluate --model runs/objects/model --out runs/objects-scores --world.name objects

    Attributes:
        model: the folder of a checkpoint.
        out: the folder of the results.
        world: which world, with both splits of its source.
        evaluation: how to evaluate.
        collector: who looks around in place of `evaluation.policy`, for the model and its twin alike: "explore", a
            planner that looks where the model expects what is least like all it has seen; or the folder of an agent
            that `train-agent` left.
        device: "cpu" or "cuda".
    """

    model: Path
    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    collector: str | None = None
    device: str = "cpu"

    def run(self) -> None:
        model = load_model(self.model, device=self.device)
        train, test = self.world.make("train", self.device), self.world.make("test", self.device)
        collector = make_collector(self.collector, model, train)
        out = prepare_folder(self.out)
        policy_in = None if collector is None else lambda _: collector
        twin = untrained_twin(model, self.evaluation.seed)
        with progress(activity="probing", total=2 * self.evaluation.repeats) as bar:
            trained, untrained = (
                evaluate(m, train, test, self.evaluation, bar.update, policy_in) for m in (model, twin)
            )
        rows, data = table(train.name, trained, untrained), {"train": train.data_hash, "test": test.data_hash}
        title, views = f"{model.config.method} in the world {test.name}", self.evaluation.views
        report = Report(f"Evaluation: {title}")
        report.text(_NOTE)
        report.table(HEADER, rows)
        policy = self.evaluation.policy if collector is None else collector
        add_episodes(report, test, model, policy, views, first_of_repeat("testing", self.evaluation.seed, 0))
        add_scores(report, title, trained, untrained, views)
        report.write(out / "report.html", self, [self.evaluation.seed], data)
        metrics = as_metrics(train.name, "trained", trained) | as_metrics(train.name, "untrained", untrained)
        write_metrics(out, metrics, self.evaluation.seed, asdict(self), data=data)
        print(format_table([HEADER, *rows]))
        print(f"\nreport: {out / 'report.html'}")


def main() -> None:
    run_command(Evaluate)


if __name__ == "__main__":
    main()
