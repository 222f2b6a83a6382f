"""Training on live rollouts: the world makes every batch where the model is, there is no data loader."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..envs.worlds import World
from .checkpoint import find_folder, load_state, read_checkpoint, write_checkpoint
from .ema import ema_rate
from .interruption import DeferredInterrupt
from .model import SeqJEPA
from .optimisation import learning_rate, make_optimiser

OPTIMISER = "optimiser.safetensors"
PROGRESS = "training.json"


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the defaults are the paper's where it fits any budget.

    Attributes:
        steps: optimiser steps; None where `minutes` is the budget.
        minutes: wall-clock budget; the schedules then follow the time that has passed, so a run depends on the
            machine, and only runs in steps can be repeated bit for bit.
        batch_size: sequences per step.
        length: views per sequence, M + 1.
        policy: who moves, by its name in the world; None for the world's default.
        learning_rate: peak of the schedule.
        warmup: share of the budget in which the rate rises.
        weight_decay: of AdamW, on matrices and convolutions.
        ema: the target's rate at the beginning; it rises to 1 by a half cosine.
        clip: largest norm of the gradient.
        bf16: whether to run the model under bfloat16 autocast.
        compile: whether to compile the loss with torch.compile.
        seed: of weights, dropout and rollouts.
        log_every: steps between two entries of the history.
        save_every: steps between two checkpoints.
    """

    steps: int | None = 10_000
    minutes: float | None = None
    batch_size: int = 256
    length: int = 4
    policy: str | None = None
    learning_rate: float = 4e-4
    warmup: float = 0.02
    weight_decay: float = 1e-3
    ema: float = 0.996
    clip: float = 1.0
    bf16: bool = True
    compile: bool = False
    seed: int = 0
    log_every: int = 20
    save_every: int = 1000

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError(f"give steps or minutes, one of them: got steps={self.steps}, minutes={self.minutes}")
        for name in ("steps", "minutes", "learning_rate", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name}={value} must be above 0 and finite")
        for name, low in (("batch_size", 2), ("length", 2), ("log_every", 1), ("save_every", 1), ("seed", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"{name}={getattr(self, name)} must be at least {low}")
        for name in ("warmup", "ema", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be in [0, 1)")


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


class Trainer:
    """Trains a model in a world, step by step.

    Every step is a function of (seed, step) and of the weights: rollouts, dropout and schedules hold no state of
    their own, so a run that is stopped and resumed goes on bit for bit on the CPU.

    Attributes:
        model: the model, in train mode while `run` runs.
        step: optimiser steps done.
        history: one dictionary of numbers per log entry.
    """

    def __init__(self, model: SeqJEPA, world: World, config: TrainingConfig):
        if model.config.action_dim != world.action_dim:
            raise ValueError(
                f"the model takes actions of {model.config.action_dim} numbers, "
                f"the world {world.name!r} has {world.action_dim}"
            )
        # Channels last is the order in which worlds make views, and the faster one for convolutions on the CPU.
        self.model = model.to(world.device, memory_format=torch.channels_last)
        self.world = world
        self.config = config
        self.optimiser = make_optimiser(model, config.learning_rate, config.weight_decay)
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self._loss_parts = torch.compile(model.loss_parts) if config.compile else model.loss_parts

    @property
    def progress(self) -> float:
        """Share of the budget that is used up, in [0, 1]."""
        if self.config.steps is not None:
            return min(1.0, self.step / self.config.steps)
        assert self.config.minutes is not None
        return min(1.0, self.seconds / (60 * self.config.minutes))

    def run(self, folder: Path | None = None, report: Callable[[Trainer], None] = lambda _: None) -> None:
        """Train until the budget is used up.

        Args:
            folder: where checkpoints go, every `save_every` steps and at the end, also when interrupted; None for
                nowhere.
            report: called after every log entry.

        Raises:
            DivergedError: when the loss is no longer finite; the last checkpoint stays as it was.
            KeyboardInterrupt: after Ctrl-C, at the end of the step and after saving.
        """
        self.model.train()
        with DeferredInterrupt() as interrupt:
            while self.progress < 1.0 and not interrupt.requested:
                self._timed_step(report)
                if folder is not None and self.step % self.config.save_every == 0:
                    self.save(folder)
        if folder is not None:
            self.save(folder)
        if interrupt.requested:
            raise KeyboardInterrupt
        self.model.eval()

    def _timed_step(self, report: Callable[[Trainer], None]) -> None:
        start = time.perf_counter()
        parts = self._optimise()
        self.step += 1
        logging = self.step % self.config.log_every == 0
        if logging:
            self._log(parts)
        self.seconds += time.perf_counter() - start
        if logging:
            report(self)

    def _optimise(self) -> dict[str, Tensor]:
        """One step on one fresh batch; nothing here waits for the device."""
        config, progress = self.config, self.progress
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(progress, config.learning_rate, config.warmup)
        torch.manual_seed((config.seed << 32) + self.step)
        batch = self.world.rollout(config.batch_size, config.length, config.policy, seed=self._rollout_seed())
        with torch.autocast(self.world.device.type, torch.bfloat16, enabled=config.bf16):
            parts = self._loss_parts(batch)
        parts["loss"].backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.model.update_target(ema_rate(progress, config.ema))
        return {**parts, "gradient_norm": norm}

    def _rollout_seed(self) -> int:
        """Runs of different seeds share no episode, nor do two steps of a run."""
        return (self.config.seed << 40) + self.step * self.config.batch_size

    def _log(self, parts: dict[str, Tensor]) -> None:
        entry = {name: float(value.detach()) for name, value in parts.items()}
        if not math.isfinite(entry["loss"]):
            raise DivergedError(
                f"the loss is {entry['loss']} at step {self.step}; lower learning_rate={self.config.learning_rate} "
                "or clip, or switch bf16 off"
            )
        self.history.append({"step": self.step, "seconds": round(self.seconds, 3), **entry})

    def save(self, folder: Path) -> None:
        """Write the model and all that training needs to go on into `folder`, whole or not at all."""
        progress = {
            "step": self.step,
            "seconds": self.seconds,
            "training": asdict(self.config),
            "history": self.history,
        }
        tensors = {
            f"{name}:{key}": value.cpu()
            for name, parameter in self.model.named_parameters()
            for key, value in self.optimiser.state.get(parameter, {}).items()
        }
        beside = {OPTIMISER: save(tensors), PROGRESS: json.dumps(progress, indent=1).encode()}
        write_checkpoint(folder, self.model.config, self.model.state_dict(), beside)

    @classmethod
    def resume(cls, folder: Path, world: World) -> Trainer:
        """The trainer that `save` wrote into `folder`, as it was, in the world it was training in.

        Raises:
            FileNotFoundError: when a file is missing.
            ValueError: when a file is damaged, or the checkpoint does not fit the world.
        """
        model_config, state = read_checkpoint(folder)
        progress = _read_progress(find_folder(folder) / PROGRESS)
        trainer = cls(SeqJEPA.from_config(model_config), world, TrainingConfig(**progress["training"]))
        load_state(trainer.model, state, str(folder))
        trainer.step, trainer.seconds = progress["step"], progress["seconds"]
        trainer.history = progress["history"]
        trainer._restore_optimiser(find_folder(folder) / OPTIMISER)
        return trainer

    def _restore_optimiser(self, path: Path) -> None:
        try:
            tensors = load(path.read_bytes())
        except SafetensorError as error:
            raise ValueError(f"{path} is not a readable safetensors file: {error}") from error
        parameters = dict(self.model.named_parameters())
        for entry, value in tensors.items():
            name, key = entry.rsplit(":", 1)
            self.optimiser.state[parameters[name]][key] = value.to(parameters[name].device)


def _read_progress(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: this checkpoint holds a model, but no training to go on with")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
