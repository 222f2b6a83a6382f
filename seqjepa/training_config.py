"""How to train, as one frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..envs.checks import check_fields, check_whole
from .episode_seeds import check_seed


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the defaults are the paper's where it fits any budget.

    Attributes:
        steps: optimiser steps; None where `minutes` is the budget.
        minutes: wall-clock budget, with all that is done between the steps; the schedules then follow the time that
            has passed, so a run depends on the machine, and only runs in steps can be repeated bit for bit.
        batch_size: sequences per step, of all ranks together.
        length: views per sequence, M + 1.
        policy: who moves, by its name in the world; None for the world's default.
        learning_rate: peak of the schedule.
        warmup: share of the budget in which the rate rises.
        weight_decay: of AdamW, on matrices and convolutions.
        ema: the target's rate at the beginning; it rises to 1 by a half cosine.
        clip: largest norm of the gradient; infinite for none.
        bf16: whether to run the model under bfloat16 autocast.
        compile: whether to compile the loss with torch.compile; on a CPU that needs a C++ compiler. "reduce-overhead"
            is its mode that also records CUDA graphs, for models so small that launching kernels is what takes time.
        sync_batch_norm: whether several ranks normalise their shares of a batch together, so that training is the same
            on any number of them; otherwise each by itself, and the first rank's running statistics are kept.
        seed: of weights, dropout and rollouts.
        log_every: steps between two entries of the history.
        save_every: steps between two checkpoints.

    Raises:
        TypeError, ValueError: for a value of a wrong type or out of range, naming it.
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
    compile: bool | Literal["reduce-overhead"] = False
    sync_batch_norm: bool = True
    seed: int = 0
    log_every: int = 20
    save_every: int = 1000

    def __post_init__(self) -> None:
        check_fields(self)
        if (self.steps is None) == (self.minutes is None):
            given = f"steps={self.steps}, minutes={self.minutes}"
            raise ValueError(f"the budget is in steps or in minutes, and the other is None: got {given}")
        for name in ("steps", "minutes", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name}={value} must be above 0 and finite")
        if not self.clip > 0:
            raise ValueError(f"clip={self.clip} must be above 0")
        for name, low in (("batch_size", 2), ("length", 2), ("log_every", 1), ("save_every", 1)):
            check_whole(name, getattr(self, name), low)
        for name in ("warmup", "ema", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be in [0, 1)")
        check_seed(self.seed)
