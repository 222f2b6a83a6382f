"""What all evaluations by probes have to be told, as one frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .episode_seeds import check_seed


@dataclass(frozen=True, kw_only=True)
class ProbingConfig:
    """How to fit probes and to score them; each evaluation says what its own are.

    Attributes:
        train_episodes: episodes the probes are fitted on, over the instances of the training split.
        test_episodes: episodes they are scored on, over the instances of the test split.
        views: numbers of views, each with probes of its own.
        policy: who moves, by its name in the world; None for the world's default.
        repeats: evaluations with fresh episodes and probes; the spread of the scores is over these.
        hidden: width of the MLPs.
        epochs: passes of their training; the paper's values are 1024 and 300.
        decay: their weight decay; the paper has none.
        pooled: whether to report the pooled R2 too.
        bf16: whether to run the model and its probes under bfloat16 autocast.
        seed: of the first repeat.

    Raises:
        ValueError: for a value out of range, naming it.
    """

    train_episodes: int = 4000
    test_episodes: int = 2000
    views: tuple[int, ...]
    policy: str | None = None
    repeats: int = 3
    hidden: int = 1024
    epochs: int = 300
    decay: float = 0.0
    pooled: bool = False
    bf16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low in (("train_episodes", 2), ("test_episodes", 2), ("repeats", 1), ("hidden", 1), ("epochs", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name}={getattr(self, name)} must be at least {low}")
        if not self.views or min(self.views) < 1 or len(set(self.views)) < len(self.views):
            raise ValueError(f"views={self.views}: give different numbers of views, each at least 1")
        if not 0 <= self.decay < math.inf:
            raise ValueError(f"decay={self.decay} must be at least 0 and finite")
        check_seed(self.seed)
