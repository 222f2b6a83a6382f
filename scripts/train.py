"""saccadeworld train: train seq-JEPA or a baseline in a world, and leave its checkpoint."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ..envs.checks import check_name
from ..seqjepa import SeqJEPA
from ..seqjepa.checkpoint import has_checkpoint
from ..seqjepa.config import EncoderOptions, ModelOptions
from ..seqjepa.initial_model import initial_model
from ..seqjepa.methods import METHODS
from ..seqjepa.training import Interrupted, Trainer, TrainingConfig
from .collectors import make_collector
from .command import run_command
from .options import WorldOptions, parsed_options
from .results import prepare_folder, write_metrics
from .run_file import read_run, write_run

MODEL = "model"


@dataclass(frozen=True)
class Train:
    """Train seq-JEPA, or a baseline, on live rollouts of a world.

    Leaves in the folder `out`: model/ (the checkpoint, which `saccadeworld.SeqJEPA.load` reads, and that of a baseline
    `saccadeworld.seqjepa.load_model`), metrics.json, run.json (the options) and a TensorBoard log. Ctrl-C saves;
    `--resume` goes on where a run was stopped, with the options it was started with.

    Attributes:
        out: the folder of the results.
        world: which world.
        method: "seq-jepa", or one of the baselines: "simclr", "byol", "vicreg", "vicreg-traj", "sen", "equimod", "sie",
            "conditional-byol", "conv-jepa" and "context-ssl".
        model: which model; of a baseline the encoder.
        baseline: more options of a baseline, as pairs of name and value: for instance projector [256,64].
        training: how to train.
        collector: who looks around in place of the policy, as training goes on: "explore", a planner that looks where
            the model, as it is by then, expects what is least like all it has seen; or the folder of an agent that
            `train-agent` left, which sees through its own frozen model.
        device: "cpu" or "cuda".
        resume: go on with the run in `out`.
    """

    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    method: str = SeqJEPA.Config.method
    model: ModelOptions = field(default_factory=ModelOptions)
    baseline: Mapping[str, str] = field(default_factory=dict)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    collector: str | None = None
    device: str = "cpu"
    resume: bool = False

    def run(self) -> None:
        out = prepare_folder(self.out)
        trainer, options = self._resume() if self.resume else self._begin()
        try:
            _train(trainer, out)
        except Interrupted:
            again = f"saccadeworld train --out {shlex.quote(str(out))} --resume"
            print(f"\nstopped and saved at step {trainer.step}; to go on: {again}")
            raise
        metrics = {f"training/{name}": value for name, value in trainer.history[-1].items()}
        write_metrics(out, metrics, trainer.config.seed, options, data={"train": trainer.world.data_hash})
        print(f"trained for {trainer.step} steps; the model is in {out / MODEL}")

    def _begin(self) -> tuple[Trainer, dict[str, Any]]:
        if has_checkpoint(self.out / MODEL):
            raise ValueError(f"--out {self.out} holds a run already: add --resume to go on with it, or choose another")
        check_name("--method", self.method, METHODS)
        self._model_options()  # which are refused before the world is made
        world = self.world.make("train", self.device)
        model = initial_model(self.method, world, self.training, **self._model_options())
        trainer = Trainer(model, world, self.training, make_collector(self.collector, model, world))
        return trainer, write_run(self.out, self)

    def _model_options(self) -> dict[str, Any]:
        options = asdict(self.model)
        if self.method == SeqJEPA.Config.method:
            if self.baseline:
                raise ValueError(f"--baseline {dict(self.baseline)} is for baselines: name one by --method")
            return options
        encoder = {option.name for option in fields(EncoderOptions)}
        default = asdict(ModelOptions())
        others = [name for name in options if name not in encoder and options[name] != default[name]]
        if others:
            raise ValueError(f"--model.{others[0].replace('_', '-')} is for seq-JEPA; {self.method!r} takes --baseline")
        return {name: options[name] for name in encoder} | parsed_options(self.baseline)

    def _resume(self) -> tuple[Trainer, dict[str, Any]]:
        if self != Train(out=self.out, resume=True):
            raise ValueError("--resume goes on with the options that the run was started with: give only --out with it")
        options, world, device = read_run(self.out, lambda run: (run, WorldOptions(**run["world"]), run["device"]))
        if not has_checkpoint(self.out / MODEL):
            raise FileNotFoundError(
                f"no checkpoint folder at {self.out / MODEL}: the run was stopped before its first checkpoint; "
                "start it again with its options, without --resume"
            )
        trainer = Trainer.resume(self.out / MODEL, world.make("train", device))
        trainer.collector = make_collector(options.get("collector"), trainer.model, trainer.world)
        return trainer, options


def _train(trainer: Trainer, out: Path) -> None:
    """Train with a progress bar that tells the time left, and a TensorBoard log."""
    layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed} < {remaining}"
    with (
        SummaryWriter(str(out / "tensorboard"), purge_step=trainer.step) as log,
        tqdm(total=1.0, initial=trainer.progress, bar_format=layout, disable=None) as bar,
    ):

        def report(trainer: Trainer) -> None:
            entry = trainer.history[-1]
            for name in entry.keys() - {"step"}:
                log.add_scalar(f"training/{name}", entry[name], trainer.step)
            bar.set_description_str(f"step {trainer.step}, loss {entry['loss']:.4f}", refresh=False)
            bar.update(trainer.progress - bar.n)

        trainer.run(out / MODEL, report)


def main() -> None:
    run_command(Train)


if __name__ == "__main__":
    main()
