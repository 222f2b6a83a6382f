"""What all evaluations by probes have to be told, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from ..envs.checks import check_fields, check_number, check_whole
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
        TypeError, ValueError: for a value of a wrong type or out of range, naming it.
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
        check_fields(self)
        for name, low in (("train_episodes", 2), ("test_episodes", 2), ("repeats", 1), ("hidden", 1), ("epochs", 1)):
            check_whole(name, getattr(self, name), low)
        if not self.views or min(self.views) < 1 or len(set(self.views)) < len(self.views):
            raise ValueError(f"views={self.views}: give different numbers of views, each at least 1")
        check_number("decay", self.decay, 0)
        check_seed(self.seed)
