"""saccadeworld train: train seq-JEPA or a baseline in a world, and leave its checkpoint."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from ..envs.checks import check_name, check_options
from ..envs.progress import progress
from ..envs.recordings.recording import Recording
from ..envs.rollout import Policy
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.checkpoint import has_checkpoint
from ..seqjepa.config import EncoderOptions, ModelOptions
from ..seqjepa.encoder import ENCODERS
from ..seqjepa.experience import Experience
from ..seqjepa.initial_model import initial_model
from ..seqjepa.matching import check_optics
from ..seqjepa.methods import METHODS
from ..seqjepa.ranks import Parallel, joined_ranks, may_be_restarted, object_of_first_rank, rank
from ..seqjepa.training import Interrupted, Trainer, TrainingConfig
from ..seqjepa.view_model import ViewModel
from .collectors import EXPLORE, make_collector
from .command import run_command
from .options import WorldOptions, parsed_options
from .results import prepare_folder, write_metrics
from .run_file import read_run, run_options, write_run

MODEL = "model"


@dataclass(frozen=True)
class Train:
    """Train seq-JEPA, or a baseline, on live rollouts of a world, or on a recording.

    Leaves in the folder `out`: model/ (the checkpoint, which `saccadeworld.SeqJEPA.load` reads, and that of a baseline
    `saccadeworld.seqjepa.load_model`), metrics.json, run.json (the options) and a TensorBoard log. Ctrl-C and SIGTERM
    save; `--resume` goes on where a run was stopped, with the options it was started with.

    `torchrun --nproc-per-node N -m saccadeworld.scripts.train ...` trains with N processes, each with a share of every
    batch and, on CUDA, a GPU of its own. When it is started again with the same options, as torchrun does after a
    failure (`--max-restarts`), it goes on from the last checkpoint; on several machines `out` is a folder they share.

    For example: saccadeworld train --out runs/objects --world.name objects --model.encoder small --training.steps 2000

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
            `train-agent` left, which sees as it learned to.
        data: a recording in place of a live world, which it names itself: the folder that `saccadeworld record` left,
            or the format in it that is to be read: data.h5, shards or minari, else the first of these that is there.
            The first pass over it is in the order in which it was recorded, each later one in an order of its own: if
            it has the seed, policy and length of a live training, the losses of the first pass are the same.
        device: "cpu" or "cuda".
        parallel: what each process of torchrun holds: "ddp", all weights; "fsdp", a shard of them, of their gradients
            and of the optimiser's state. A run can go on with the other, and with another number of processes.
        resume: go on with the run in `out`.
    """

    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    method: str = SeqJEPA.Config.method
    model: ModelOptions = field(default_factory=ModelOptions)
    baseline: Mapping[str, str] = field(default_factory=dict)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    collector: str | None = None
    data: Path | None = None
    device: str = "cpu"
    parallel: Parallel = "ddp"
    resume: bool = False

    def run(self) -> None:
        options = self._stored_options() if self.resume else run_options(self)
        with joined_ranks(options["device"]) as device:
            out = prepare_folder(self.out)
            resume = object_of_first_rank(self.resume or self._is_restarted(options))
            trainer = self._resume(options, device) if resume else self._begin(options, device)
            again = f"saccadeworld train --out {shlex.quote(str(out))} --resume"
            try:
                _train(trainer, out)
            except Interrupted:
                if rank() == 0:
                    print(f"\nstopped and saved at step {trainer.step}; to go on: {again}")
                raise
            except OSError as error:
                if trainer.kept is None:
                    raise
                reason = error.strerror or str(error)
                kept = f"the last checkpoint is {trainer.kept}; to go on from it: {again}"
                raise OSError(error.errno, f"{reason}; {kept}") from error
            if rank() == 0:
                metrics = {f"training/{name}": value for name, value in trainer.history[-1].items()}
                write_metrics(out, metrics, trainer.config.seed, options, data=_hashes(trainer.world))
                print(f"trained for {trainer.step} steps; the model is in {out / MODEL}")

    def _begin(self, options: dict[str, Any], device: str) -> Trainer:
        if has_checkpoint(self.out / MODEL):
            raise ValueError(f"--out {self.out} holds a run already: add --resume to go on with it, or choose another")
        check_name("--method", self.method, METHODS)
        self._model_options()  # which are refused before the world is made
        self._check_data()
        world = _experience(options, device)
        model = initial_model(self.method, world, self.training, **self._model_options())
        trainer = Trainer(model, world, self.training, self._collector(self.collector, model, world), self.parallel)
        if rank() == 0:
            write_run(self.out, self)
        return trainer

    def _check_data(self) -> None:
        """Refuse options that a recording would not heed."""
        given = {
            "--world": self.world != WorldOptions(),
            "--collector": self.collector is not None,
            "--training.policy": self.training.policy is not None,
        }
        unheeded = [option for option, is_given in given.items() if is_given]
        if self.data is not None and unheeded:
            raise ValueError(f"{unheeded[0]} was chosen when {self.data} was recorded: leave it out with --data")

    def _model_options(self) -> dict[str, Any]:
        options = asdict(self.model)
        check_name("--model.encoder", self.model.encoder, ENCODERS)
        if self.method == SeqJEPA.Config.method:
            if self.baseline:
                raise ValueError(f"--baseline {dict(self.baseline)} is for baselines: name one by --method")
            return options
        encoder = {option.name for option in fields(EncoderOptions)}
        default = asdict(ModelOptions())
        others = [name for name in options if name not in encoder and options[name] != default[name]]
        if others:
            raise ValueError(f"--model.{others[0].replace('_', '-')} is for seq-JEPA; {self.method!r} takes --baseline")
        check_options(self.method, self.baseline, METHODS[self.method].Config.option_names())
        return {name: options[name] for name in encoder} | parsed_options(self.baseline)

    def _stored_options(self) -> dict[str, Any]:
        if self != Train(out=self.out, resume=True, parallel=self.parallel):
            raise ValueError("--resume goes on with the options that the run was started with: give only --out with it")

        def parse(run: dict[str, Any]) -> dict[str, Any]:
            WorldOptions(**run["world"])
            return {**run, "device": str(run["device"])}

        return read_run(self.out, parse)

    def _is_restarted(self, options: dict[str, Any]) -> bool:
        """Whether `out` holds this very run, which torchrun starts again with the same options after a failure.

        How often it has, it tells each machine for itself, so that this is no sign that all ranks would see.
        """
        if not may_be_restarted():
            return False
        return has_checkpoint(self.out / MODEL) and read_run(self.out, lambda run: run) == options

    def _resume(self, options: dict[str, Any], device: str) -> Trainer:
        if not has_checkpoint(self.out / MODEL):
            raise FileNotFoundError(
                f"no checkpoint folder at {self.out / MODEL}: the run was stopped before its first checkpoint; "
                "start it again with its options, without --resume"
            )
        world = _experience(options, device)
        trainer = Trainer.resume(self.out / MODEL, world, self.parallel)
        check_optics(trainer.model, world)
        trainer.collector = self._collector(options.get("collector"), trainer.model, world)
        return trainer

    def _collector(self, name: str | None, model: ViewModel, world: Experience) -> Policy | None:
        if not isinstance(world, World):
            return None
        if name == EXPLORE and self.parallel == "fsdp":
            raise ValueError(f"--collector {EXPLORE} needs the whole model on every rank: leave out --parallel fsdp")
        return make_collector(name, model, world)


def _experience(options: Mapping[str, Any], device: str) -> Experience:
    """What a run with these options learns from."""
    if options.get("data") is not None:
        recording = Recording(options["data"], device)
        recording.usable(options["training"]["length"])  # refuses more views than there are before any work
        return recording
    return WorldOptions(**options["world"]).make("train", device)


def _hashes(world: Experience) -> dict[str, str]:
    """Of what it has learned from."""
    scenes = {"train": world.data_hash}
    return scenes | {"recording": world.card.content_hash} if isinstance(world, Recording) else scenes


def _train(trainer: Trainer, out: Path) -> None:
    """Train, on the first rank with a progress bar that tells the time left, and a TensorBoard log."""
    if rank() > 0:
        trainer.run(out / MODEL)
        return
    layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed} < {remaining}"
    used, budget = trainer.used_and_budget
    unit = " s" if trainer.config.steps is None else " steps"
    with (
        SummaryWriter(str(out / "tensorboard"), purge_step=trainer.step) as log,
        progress(activity="training", total=budget, initial=used, unit=unit, bar_format=layout) as bar,
    ):

        def report(trainer: Trainer) -> None:
            entry = trainer.history[-1]
            for name in entry.keys() - {"step"}:
                log.add_scalar(f"training/{name}", entry[name], trainer.step)
            bar.set_description_str(f"step {trainer.step}, loss {entry['loss']:.4f}", refresh=False)
            bar.update(trainer.used_and_budget[0] - bar.n)

        trainer.run(out / MODEL, report)


def main() -> None:
    run_command(Train)


if __name__ == "__main__":
    main()
