"""saccadeworld demo: train seq-JEPA in the two worlds for a few minutes, evaluate it, and leave a report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..envs.worlds import World, make_world
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import check_seed
from ..seqjepa.evaluation import Scores, evaluate
from ..seqjepa.initial_model import initial_model
from ..seqjepa.training import Trainer
from ..seqjepa.view_model import ViewModel
from .command import run_command
from .deadline import Deadline
from .evaluation_report import add_episodes, add_scores
from .figures import losses
from .recipes import BUILT_IN_COUNT, OUR_PARTS, PAPER_PARTS, RECIPES, Recipe
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import HEADER, as_metrics, format_table, table

REPORT_SECONDS = 8.0
TRAINING_SECONDS = 3.0  # the least for each world
FULL_MINUTES = 5.0  # with fewer, fewer episodes are evaluated too
SECOND_EVALUATION = 1.3  # of the first one's time, at most


@dataclass
class Study:
    """One world of the demo on its way through training and evaluation."""

    recipe: Recipe
    train: World
    test: World
    model: ViewModel[Any]
    trainer: Trainer
    untrained: Scores = field(default_factory=dict)
    trained: Scores = field(default_factory=dict)

    @property
    def worlds(self) -> dict[str, World]:
        """By what they are used for."""
        return {"train": self.train, "test": self.test}


@dataclass(frozen=True)
class Demo:
    """Train seq-JEPA on rollouts of pictures and of objects, evaluate it on unseen ones, and leave a report.

    Leaves metrics.json, report.html and a checkpoint per world (model-images, model-objects) in the folder `out`.

    For example: saccadeworld demo --minutes 5 --images my-pictures --out runs/my-demo

    Attributes:
        out: the folder of the results.
        minutes: wall-clock budget of the whole demo.
        images: a folder of your own pictures, with a subfolder per class; built-in scenes when left out.
        meshes: a folder of your own meshes, with a subfolder per class; built-in shapes when left out.
        device: "cpu" or "cuda".
        seed: of weights and rollouts.
    """

    out: Path = Path("runs/demo")
    minutes: float = 5.0
    images: Path | None = None
    meshes: Path | None = None
    device: str = "cpu"
    seed: int = 0

    def run(self) -> None:
        if not 1 <= self.minutes < math.inf:
            raise ValueError(f"--minutes {self.minutes}: the demo needs at least 1 minute, and has an end")
        check_seed(self.seed)
        for option, folder in self._folders().items():
            if not folder.is_dir():
                raise FileNotFoundError(f"{option} {folder}: there is no such folder")
        out = prepare_folder(self.out)
        with Deadline(60 * self.minutes) as deadline:
            studies = {name: self._prepare(name, deadline) for name in RECIPES}
            evaluation_seconds = self._evaluate(studies, deadline, "untrained")
            spare = self._spare(deadline, evaluation_seconds)
            for study in studies.values():
                self._train(study, study.recipe.share * spare, deadline)
            self._evaluate(studies, deadline, "trained")
            deadline.show("writing the report")
            for name, study in studies.items():
                study.model.save(out / f"model-{name}")
            self._write_report(out, studies)
        write_metrics(out, _metrics(studies), self.seed, asdict(self), data=_data(studies), recipes=_recipes(studies))
        print(format_table([HEADER, *_table(studies)]))
        print(f"\nreport: {out / 'report.html'}")

    def _prepare(self, name: str, deadline: Deadline) -> Study:
        recipe = self._recipe(name)
        source = {"images": self.images, "objects": self.meshes}[name]
        deadline.show(f"{name}: making the scenes")
        if source is None:
            recipe = replace(recipe, world={**recipe.world, **recipe.built_in})
        train, test = (
            make_world(
                name,
                None if source is None else str(source),
                split=split,
                count=count if source is None else None,
                device=self.device,
                **recipe.world,
            )
            for split, count in BUILT_IN_COUNT.items()
        )
        model = initial_model(SeqJEPA.Config.method, train, recipe.training, **recipe.model)
        return Study(recipe, train, test, model, Trainer(model, train, recipe.training))

    def _recipe(self, name: str) -> Recipe:
        """The world's recipe with the seed, and evaluation within a short budget."""
        recipe, share = RECIPES[name], _share_evaluated(self.minutes)
        evaluation = replace(
            recipe.evaluation,
            seed=self.seed,
            train_episodes=round(share * recipe.evaluation.train_episodes),
            test_episodes=round(share * recipe.evaluation.test_episodes),
        )
        return replace(recipe, training=replace(recipe.training, seed=self.seed), evaluation=evaluation)

    def _evaluate(self, studies: Mapping[str, Study], deadline: Deadline, which: str) -> float:
        """Evaluate every model and note its scores as "trained" or "untrained"; the seconds it took."""
        before = deadline.left
        for name, study in studies.items():
            report = partial(deadline.show, f"{name}: probing the {which} model")
            report()
            scores = evaluate(study.model, study.train, study.test, study.recipe.evaluation, report)
            setattr(study, which, scores)
        return before - deadline.left

    def _spare(self, deadline: Deadline, evaluating: float) -> float:
        """Seconds left for training in all worlds, after a first evaluation that took so many.

        Raises:
            ValueError: when they are too few, with what was measured and how many minutes that comes to.
        """
        spare = deadline.left - SECOND_EVALUATION * evaluating - REPORT_SECONDS
        if spare < _least_training():
            preparing = deadline.seconds - deadline.left - evaluating
            raise ValueError(
                f"--minutes {self.minutes:g}: making the worlds took {preparing:.0f} seconds here and the first of two "
                f"evaluations {evaluating:.0f}, which leaves too few for training; at this pace give "
                f"--minutes {self._needed(preparing, evaluating)} at least, or leave the machine more to itself"
            )
        return spare

    def _needed(self, preparing: float, evaluating: float) -> int:
        """Minutes in which there is time to train, if all takes as many seconds as here, or as many an episode."""
        rest = preparing + REPORT_SECONDS + _least_training()
        evaluations = (1 + SECOND_EVALUATION) * evaluating / _share_evaluated(self.minutes)
        return next(m for m in itertools.count(1) if 60 * m >= rest + _share_evaluated(m) * evaluations)

    def _train(self, study: Study, seconds: float, deadline: Deadline) -> None:
        trainer = study.trainer
        trainer.config = replace(trainer.config, minutes=seconds / 60)
        trainer.run(report=lambda t: deadline.show(f"{study.train.name}: training, loss {t.history[-1]['loss']:.3f}"))

    def _write_report(self, out: Path, studies: Mapping[str, Study]) -> None:
        report = Report("SaccadeWorld: seq-JEPA after a few minutes")
        report.text(
            "A world model saw pictures one glimpse at a time under saccades, and objects one view at a time under "
            "rotations, and learned to predict the embedding of the next view from the views so far and the "
            "movements between them. No label was used in training. Everything below is measured on instances that "
            "it never saw; mean and spread (standard deviation) are over repeats with fresh episodes and probes."
        )
        report.table(HEADER, _table(studies))
        for study in studies.values():
            _add_study(report, study)
        report.heading("Training")
        histories = {study.train.name: study.trainer.history for study in studies.values()}
        report.figures("Prediction loss and spread of the embeddings over the training.", losses(histories))
        report.heading("Whose recipe")
        report.text("From the paper (Ghaemi, Muller & Bakhtiari, seq-JEPA, NeurIPS 2025):")
        report.items(PAPER_PARTS)
        report.text("Ours, so that something real is learned in minutes:")
        report.items(OUR_PARTS)
        report.text("Budgets in minutes depend on the machine: the steps taken here are in metrics.json.")
        report.write(out / "report.html", self, [self.seed], _data(studies))

    def _folders(self) -> dict[str, Path]:
        """The user's own folders, by their options."""
        given = {"--images": self.images, "--meshes": self.meshes}
        return {option: folder for option, folder in given.items() if folder is not None}


def _share_evaluated(minutes: float) -> float:
    """Share of the recipes' episodes that is evaluated."""
    return min(1.0, minutes / FULL_MINUTES)


def _least_training() -> float:
    """Seconds for all worlds, of which each has its share."""
    return TRAINING_SECONDS / min(recipe.share for recipe in RECIPES.values())


def _table(studies: Mapping[str, Study]) -> list[tuple[str, ...]]:
    return [row for name, study in studies.items() for row in table(name, study.trained, study.untrained)]


def _data(studies: Mapping[str, Study]) -> dict[str, str]:
    """Hashes of all that was looked at."""
    return {f"{name}/{use}": w.data_hash for name, s in studies.items() for use, w in s.worlds.items()}


def _metrics(studies: Mapping[str, Study]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, study in studies.items():
        metrics |= as_metrics(name, "trained", study.trained) | as_metrics(name, "untrained", study.untrained)
        metrics[f"{name}/training/steps"] = study.trainer.step
        metrics[f"{name}/training/seconds"] = study.trainer.seconds
        metrics[f"{name}/training/sequences_per_second"] = (
            study.trainer.step * study.trainer.config.batch_size / study.trainer.seconds
        )
    return metrics


def _recipes(studies: Mapping[str, Study]) -> dict[str, Any]:
    return {
        name: {
            "world": dict(study.recipe.world),
            "model": study.model.config.to_dict(),
            "training": asdict(study.trainer.config),
            "evaluation": asdict(study.recipe.evaluation),
        }
        for name, study in studies.items()
    }


def _add_study(report: Report, study: Study) -> None:
    report.heading(study.recipe.title)
    test, recipe = study.test, study.recipe
    skipped = [*study.train.skipped, *test.skipped]
    if skipped:
        report.text(f"{len(skipped)} files could not be used:")
        report.items(f"{file.path}: {file.reason}" for file in skipped)
    views = recipe.evaluation.views
    add_episodes(report, test, study.model, recipe.evaluation.policy, views, seed=1)
    add_scores(report, recipe.title, study.trained, study.untrained, views)


def main() -> None:
    run_command(Demo)


if __name__ == "__main__":
    main()
