"""Training on rollouts, which the world makes where the model is, without a data loader, or which were recorded."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..envs.checks import check_name, check_number, check_whole
from ..envs.json_files import fault, read_json
from ..envs.rollout import Policy, Rollout
from .checkpoint import find_folder, write_checkpoint
from .ema import ema_rate
from .episode_seeds import first_episode
from .experience import Experience
from .freed_memory import freed_memory_kept
from .interruption import DeferredInterrupt
from .matching import check_match
from .methods import METHODS, read_any_checkpoint
from .optimisation import learning_rate, make_optimiser, optimiser_tensors, restore_optimiser
from .ranks import (
    LossParts,
    Parallel,
    largest,
    means,
    own_part,
    parallel_loss,
    rank,
    rank_count,
    synchronise_batch_norms,
    whole,
)
from .training_config import TrainingConfig
from .view_model import ViewModel

__all__ = ["DivergedError", "Interrupted", "Trainer", "TrainingConfig"]

OPTIMISER = "optimiser.safetensors"
PROGRESS = "training.json"
_BETWEEN_RANKS = 0x9E3779B97F4A7C15  # odd also in its lower half, which is all that the CPU's generator looks at


class DivergedError(FloatingPointError):
    """The loss or its gradient is no longer a number."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, heeded at the end of a step and after saving."""


class Trainer:
    """Trains a model in a world, step by step.

    Every step is a function of (seed, step) and of the weights: rollouts, dropout and schedules hold no state of
    their own, so a run that is stopped and resumed goes on bit for bit on the CPU.

    Among several ranks (see `joined_ranks`) each makes its share of the episodes of every step; weights, history and
    checkpoints are the same on all, and those of one process as far as rounding and dropout allow. The first rank
    writes the checkpoints, which any number of ranks can go on from. All ranks must call `run` and `save`.

    Attributes:
        model: the model, in train mode while `run` runs and in eval mode afterwards.
        world: where it is trained, or a recording of it.
        config: how.
        step: optimiser steps done.
        seconds: wall-clock seconds spent in `run`.
        history: one dictionary of numbers per log entry.
        kept: the last checkpoint in words, or None.
        collector: who moves, in place of the policy that `config` names; it may look at the model as it is by then,
            unless that is in shards.

    Args:
        parallel: how several ranks share the work: "ddp", each with all weights; "fsdp", each with a shard of them.

    Raises:
        ValueError: when the model was made for actions of another size than the world's, or the batch cannot be shared,
            or for an unknown way to share it.
    """

    def __init__(
        self,
        model: ViewModel,
        world: Experience,
        config: TrainingConfig,
        collector: Policy | None = None,
        parallel: Parallel = "ddp",
    ):
        check_name("parallel", parallel, get_args(Parallel))
        check_match(model, world)
        _check_share(config.batch_size)
        self.model = model.to(world.device)
        self.world = world
        self.config = config
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self.kept: str | None = None
        self.collector = collector
        self._loss_parts = _compiled(model.loss_parts, config.compile, world.device)
        if rank_count() > 1:
            if config.sync_batch_norm:
                synchronise_batch_norms(model)
            self._loss_parts = parallel_loss(model, self._loss_parts, parallel)
        self.optimiser = make_optimiser(model, config.learning_rate, config.weight_decay)

    @property
    def used_and_budget(self) -> tuple[float, float]:
        """How much of the budget is used up, and all of it: in steps, or in seconds where `minutes` is the budget."""
        if self.config.steps is not None:
            used, budget = self.step, self.config.steps
        else:
            assert self.config.minutes is not None
            used, budget = self.seconds, 60 * self.config.minutes
        return min(used, budget), budget

    @property
    def progress(self) -> float:
        """Share of the budget that is used up, in [0, 1]."""
        used, budget = self.used_and_budget
        return used / budget

    def run(self, folder: Path | None = None, report: Callable[[Trainer], None] = lambda _: None) -> None:
        """Train until the budget is used up.

        Args:
            folder: where checkpoints go, every `save_every` steps and at the end, also when interrupted; None for
                nowhere.
            report: called on every rank after every log entry; there is one every `log_every` steps and one at the end.

        Raises:
            DivergedError: when the loss or its gradient is no longer finite; the last checkpoint stays as it was.
            Interrupted: after Ctrl-C or SIGTERM, of any rank, at the end of the step and after saving.
        """
        start = time.perf_counter() - self.seconds
        parts: dict[str, Tensor] = {}
        self.model.train()
        try:
            with DeferredInterrupt() as interrupt, freed_memory_kept(self.world.device):
                while self.progress < 1.0 and not largest(interrupt.requested):
                    parts = self.optimise(self.collect())
                    self.step += 1
                    self.seconds = largest(time.perf_counter() - start)
                    if self.step % self.config.log_every == 0 or self.progress == 1.0:
                        self._log(parts)
                        report(self)
                    if self.step % self.config.save_every == 0:
                        self._keep(folder, parts)
                self._keep(folder, parts)
                interrupted = largest(interrupt.requested)  # which also waits for the first rank to have written
        finally:
            self.model.eval()
        if interrupted:
            raise Interrupted

    def collect(self) -> Rollout:
        """The batch of the step that is due, or this rank's share of it; all randomness of the step begins anew."""
        config = self.config
        torch.manual_seed(((config.seed << 32) + self.step + rank() * _BETWEEN_RANKS) % (1 << 64))
        share = config.batch_size // rank_count()
        first = first_episode("training", config.seed, self.step * config.batch_size + rank() * share)
        return self.world.rollout(share, config.length, self.collector or config.policy, first)

    def optimise(self, batch: Rollout) -> dict[str, Tensor]:
        """One step of the optimiser on a batch; nothing here waits for the device.

        Returns:
            The parts of the loss before the step, as the model's `loss_parts` names them, and "gradient_norm".
        """
        config, progress = self.config, self.progress
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(progress, config.learning_rate, config.warmup)
        with torch.autocast(self.world.device.type, torch.bfloat16, enabled=config.bf16):
            parts = self._loss_parts(batch)
        parts["loss"].backward()
        norm = whole(torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip))
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.model.update_target(ema_rate(progress, config.ema))
        return {**parts, "gradient_norm": norm}

    def _log(self, parts: Mapping[str, Tensor]) -> None:
        rate = self.optimiser.param_groups[0]["lr"]
        entry = {"step": self.step, "seconds": round(self.seconds, 3), **self._numbers(parts), "learning_rate": rate}
        self.history.append(entry)

    def _keep(self, folder: Path | None, parts: Mapping[str, Tensor]) -> None:
        if folder is not None:
            self._numbers(parts)  # weights after a step that diverged must not take the place of sound ones
            self._check_weights()
            self.save(folder)

    def _check_weights(self) -> None:
        """As the loss is that of the weights before the step."""
        sound = all(bool(own_part(weights).isfinite().all()) for weights in self.model.parameters())
        if largest(not sound):
            raise self._diverged("a weight is not finite")

    def _numbers(self, parts: Mapping[str, Tensor]) -> dict[str, float]:
        numbers = means(parts)
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise self._diverged(f"{name} is {value}")
        return numbers

    def _diverged(self, what: str) -> DivergedError:
        remedy = f"lower learning_rate={self.config.learning_rate} or clip={self.config.clip}"
        remedy += ", or switch bf16 off" * self.config.bf16
        kept = "there is no checkpoint from before" if self.kept is None else f"the last good checkpoint is {self.kept}"
        return DivergedError(f"{what} at step {self.step}; {remedy}; {kept}")

    def save(self, folder: Path) -> None:
        """Write the model and all that training needs to go on into `folder`, whole or not at all."""
        progress = {
            "step": self.step,
            "seconds": self.seconds,
            "training": asdict(self.config),
            "history": self.history,
        }
        tensors = optimiser_tensors(self.optimiser, self.model)
        state = {name: whole(tensor).cpu() for name, tensor in self.model.state_dict().items()}
        if rank() == 0:
            beside = {OPTIMISER: save(tensors), PROGRESS: json.dumps(progress, indent=1).encode()}
            write_checkpoint(folder, self.model.config, state, beside)
        self.kept = f"{folder}, of step {self.step}"

    @classmethod
    def resume(cls, folder: Path, world: Experience, parallel: Parallel = "ddp") -> Trainer:
        """The trainer that `save` wrote into `folder`, as it was, in the world it was training in.

        It may be on another number of ranks, and parallel in another way.

        Raises:
            FileNotFoundError: when a file is missing.
            ValueError: when a file is damaged, or the checkpoint does not fit the world, or its batch the ranks.
        """
        model_config, state = read_any_checkpoint(folder)
        found = find_folder(folder)
        progress, tensors = _read_progress(found / PROGRESS), _read_tensors(found / OPTIMISER)
        try:
            config = TrainingConfig(**progress["training"])
            step, seconds, history = progress["step"], progress["seconds"], list(progress["history"])
            check_whole("step", step, 0)
            check_number("seconds", seconds, 0)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{found / PROGRESS} is not what a training leaves: {fault(error)}") from error
        model = METHODS[model_config.method].restore(model_config, state, str(folder), world.device)
        trainer = cls(model, world, config, parallel=parallel)
        trainer.step, trainer.seconds, trainer.history = step, seconds, history
        trainer.kept = f"{folder}, of step {step}"
        restore_optimiser(trainer.optimiser, trainer.model, tensors, str(found / OPTIMISER))
        return trainer


def _check_share(batch_size: int) -> None:
    share, left = divmod(batch_size, rank_count())
    if left or share < 2:
        raise ValueError(
            f"batch_size={batch_size} cannot be shared by {rank_count()} ranks, each of which needs equally many, and "
            f"2 at least: use a multiple of {rank_count()} from {2 * rank_count()} on"
        )


def _compiled(loss_parts: LossParts, how: bool | str, device: torch.device) -> LossParts:
    if not how:
        return loss_parts
    _check_compiler(device)
    if how is True:
        return torch.compile(loss_parts)
    if device.type == "cpu":
        raise ValueError(f"compile={how!r} records CUDA graphs, and the device is the CPU: use compile=True")
    return torch.compile(loss_parts, mode=how)


def _check_compiler(device: torch.device) -> None:
    names = [os.environ.get("CXX"), "g++", "clang++"]
    if device.type == "cpu" and not any(shutil.which(name) for name in names if name):
        raise ValueError("compile=True needs a C++ compiler on the CPU: install g++, or leave compile out")


def _read_progress(path: Path) -> dict[str, Any]:
    _check_there(path)
    progress = read_json(path)
    if not isinstance(progress, dict):
        raise ValueError(f"{path} is not what a training leaves: it holds no JSON object")
    return progress


def _read_tensors(path: Path) -> dict[str, Tensor]:
    _check_there(path)
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}") from error


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: this checkpoint holds a model, but no training to go on with")
