"""Trainings and measurements as they are carried out: one folder each, which a run that is stopped goes on from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...envs.json_files import read_json
from ...envs.worlds import World, make_world
from ...seqjepa.evaluation import evaluate
from ...seqjepa.initial_model import initial_model
from ...seqjepa.methods import load_model
from ...seqjepa.training import DivergedError, Trainer
from ...seqjepa.view_model import ViewModel
from ..results import write_atomically
from .measurements import OUTSIDE, Worlds, measure, place_of
from .scale import Inputs, Plan, Scale, WorldSpec
from .trainings import Training

_MODEL, _SETTINGS, _TRAINED, _DIVERGED, _CURVE = (
    "model",
    "settings.json",
    "trained.json",
    "diverged.json",
    "curve.json",
)
_WORLDS_KEPT = 6


@dataclass(frozen=True)
class Task:
    """A training with one seed, and what is to be measured of it."""

    training: Training
    seed: int
    measurements: tuple[str, ...]


class BusyError(Exception):
    """Another process is at work on the same training."""


@dataclass(frozen=True)
class Runs:
    """The folder of all trainings at a scale.

    Attributes:
        folder: where they lie, TRAINING/seed-SEED each.
        scale: of all of them.
        inputs: data, and what share of the scale's steps.
        device: "cpu" or "cuda", or one of several CUDA devices.
    """

    folder: Path
    scale: Scale
    inputs: Inputs = field(default_factory=Inputs)
    device: str = "cpu"

    def plan(self, task: Task) -> Plan:
        """What the training of a task is made of. Raises ValueError as `Scale.plan`."""
        return self.scale.plan(task.training, task.seed, self.inputs)

    def place(self, training: Training, seed: int) -> Path:
        """Its folder."""
        return self.folder / training.name / f"seed-{seed}"

    def scores(self, training: Training, seed: int, measurement: str) -> dict[str, float] | None:
        """What was measured, if it was."""
        content = _read(self.place(training, seed) / f"{measurement}.json")
        return None if content is None else content["scores"]

    def curve(self, training: Training, seed: int) -> list[dict[str, float]]:
        """Scores in the course of the training, each beside its "step" and "seconds"; empty where none were taken."""
        content = _read(self.place(training, seed) / _CURVE)
        return [] if content is None else content["points"]

    def trained(self, training: Training, seed: int) -> dict[str, Any] | None:
        """Steps, seconds, operations and data of a training that has come to its end."""
        return _read(self.place(training, seed) / _TRAINED)

    def data(self, tasks: Iterable[Task]) -> dict[str, str]:
        """Hashes of the data that probes were fitted and scored on, by family and use."""
        found: dict[str, str] = {}
        for task in tasks:
            for measurement in task.measurements:
                content = _read(self.place(task.training, task.seed) / f"{measurement}.json") or {}
                family = place_of(measurement)[1] or task.training.family
                found |= {f"{family}/{use}": text for use, text in content.get("data", {}).items()}
        return found

    def diverged(self, training: Training, seed: int) -> str | None:
        """Why a training could not go on, if it could not."""
        content = _read(self.place(training, seed) / _DIVERGED)
        return None if content is None else content["reason"]

    def left(self, task: Task) -> tuple[str, ...]:
        """What is left to do of a task: "training", and measurements."""
        if self.diverged(task.training, task.seed):
            return ()
        training = () if self.trained(task.training, task.seed) else ("training",)
        return training + tuple(m for m in task.measurements if self.scores(task.training, task.seed, m) is None)

    def check(self, tasks: Iterable[Task]) -> None:
        """Refuse to go on with what was begun with other settings.

        Raises:
            ValueError: naming the first such file and setting.
        """
        for task in tasks:
            plan, place = self.plan(task), self.place(task.training, task.seed)
            _check_settings(place / _SETTINGS, _settings(plan))
            for measurement in task.measurements:
                _, settings = self._measured(measurement, plan, task.seed)
                _check_settings(place / f"{measurement}.json", settings)

    def carry_out(self, task: Task, report: Callable[[str], None]) -> None:
        """Do what is left of a task.

        Args:
            task: which.
            report: called with a word on what is being done.

        Raises:
            BusyError: when another process is at it.
            Interrupted: after Ctrl-C; what was done is kept.
        """
        place = self.place(task.training, task.seed)
        place.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(place / "lock", timeout=0):
                self._carry_out(task, self.plan(task), place, report)
        except Timeout as error:
            raise BusyError(task.training.name) from error

    def _carry_out(self, task: Task, plan: Plan, place: Path, report: Callable[[str], None]) -> None:
        if "training" in self.left(task):
            _write(place / _SETTINGS, _settings(plan))
            try:
                self._train(task, plan, place, report)
            except DivergedError as error:
                _write(place / _DIVERGED, {"reason": str(error)})
        left = self.left(task)
        if left:
            model = load_model(place / _MODEL, self.device)
            for measurement in left:
                report(f"measuring {measurement}")
                where, settings = self._measured(measurement, plan, task.seed)
                worlds = Worlds(*(partial(self._world, spec) for spec in (where.probe, where.test, where.outside)))
                scores = measure(place_of(measurement)[0], model, worlds, where.settings)
                data = {use: world.data_hash for use, world in zip(("train", "test"), worlds.pair, strict=True)}
                _write(place / f"{measurement}.json", {**settings, "data": data, "scores": scores})

    def _measured(self, measurement: str, plan: Plan, seed: int) -> tuple[Plan, dict[str, Any]]:
        """The plan of the family in whose worlds it is measured, and what sets one such measurement apart."""
        name, family = place_of(measurement)
        if not family:
            outside = {"outside": _spec(plan.outside)} if name == OUTSIDE else {}
            return plan, {"settings": plan.settings.of(name), **outside}
        where = self.scale.plan(self.scale.main(family), seed, self.inputs)
        return where, {"settings": where.settings.of(name), "worlds": [_spec(where.probe), _spec(where.test)]}

    def _train(self, task: Task, plan: Plan, place: Path, report: Callable[[str], None]) -> None:
        world = self._world(plan.train)
        if not task.training.trained:
            self._fresh(plan, world).save(place / _MODEL)
            return _write(place / _TRAINED, {"steps": 0, "seconds": 0.0, "operations": 0})
        points = self.curve(task.training, task.seed)
        milestones = self._milestones(task.training)

        def log(trainer: Trainer) -> None:
            report(f"step {trainer.step} of {plan.training.steps}, loss {trainer.history[-1]['loss']:.3f}")
            while len(points) < len(milestones) and trainer.progress >= milestones[len(points)]:
                points.append(self._point(trainer, plan))
                _write(place / _CURVE, {"points": points})

        trainer = self._trainer(plan, world, place)
        trainer.run(place / _MODEL, log)
        numbers = {"steps": trainer.step, "seconds": trainer.seconds, "operations": plan.operations}
        _write(place / _TRAINED, {**numbers, "data": {"train": world.data_hash}})

    def _trainer(self, plan: Plan, world: World, place: Path) -> Trainer:
        with suppress(FileNotFoundError):
            return Trainer.resume(place / _MODEL, world)
        return Trainer(self._fresh(plan, world), world, plan.training)

    def _fresh(self, plan: Plan, world: World) -> ViewModel[Any]:
        return initial_model(plan.method, world, plan.training, **plan.model)

    def _milestones(self, training: Training) -> tuple[float, ...]:
        main = self.scale.main(training.family)
        usual = replace(training, times=1)
        return self.scale.milestones if usual in (main, replace(main, ablation="no-action")) else ()

    def _point(self, trainer: Trainer, plan: Plan) -> dict[str, float]:
        """Scores of the model as it is now."""
        scores = evaluate(trainer.model, self._world(plan.probe), self._world(plan.test), plan.settings.probes)
        values = {name: value for name, (value,) in scores.items()}
        return {"step": trainer.step, "seconds": trainer.seconds, **values}

    def _world(self, spec: WorldSpec) -> World:
        return _make_world(json.dumps([spec.name, spec.source, spec.split, dict(spec.options), self.device]))


@lru_cache(_WORLDS_KEPT)
def _make_world(key: str) -> World:
    name, source, split, options, device = json.loads(key)
    return make_world(name, source, split=split, device=device, **options)


def _settings(plan: Plan) -> dict[str, Any]:
    training = asdict(plan.training)
    del training["sync_batch_norm"]  # of several ranks, and every training has one process here
    return {
        "worlds": [_spec(spec) for spec in (plan.train, plan.probe, plan.test)],
        "method": plan.method,
        "model": dict(plan.model),
        "training": training,
    }


def _spec(spec: WorldSpec) -> dict[str, Any]:
    return asdict(spec) | {"options": dict(spec.options)}


def _check_settings(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raises ValueError unless the file is not there, or has the entries of `wanted`."""
    content = _read(path)
    if content is None:
        return
    for name, value in json.loads(json.dumps(wanted)).items():
        if content.get(name) != value:
            raise ValueError(
                f"{path} was made with other settings ({name}: {content.get(name)}, now {value}); choose another "
                "--out, or move that folder away"
            )


def _read(path: Path) -> Any:
    """The content of a JSON file, or None where there is no file. Raises ValueError for one that is damaged."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{error}; delete it, and it is made anew") from error


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(content, indent=1) + "\n")
