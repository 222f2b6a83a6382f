"""A task whose episodes end by themselves, and warnings as errors."""

import warnings
from collections.abc import Iterator

import gymnasium as gym
import pytest
from saccadeworld.envs import draws
from saccadeworld.envs.tasks import TASKS, Outcome, Rows, Task
from torch import Tensor


class Chance(Task):
    """Reward by chance; one action in four ends the episode. A function of the episode's seed and the step alone."""

    name = "chance"

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        ends = draws.uniform(rows.seeds, rows.steps, "end")[:, 0] < 0.25
        rewards = draws.uniform(rows.seeds, rows.steps, "reward")[:, 0]
        return Outcome(self.move(rows, actions), rewards, ends)


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a task whose episodes end at random."""
    monkeypatch.setitem(TASKS, "chance", Chance)
    return "chance"


@pytest.fixture
def no_warnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python's warnings and those of Gymnasium's logger are errors."""

    def fail(message: str, *arguments: object, **options: object) -> None:
        raise AssertionError(f"Gymnasium warns: {message}")

    monkeypatch.setattr(gym.logger, "warn", fail)
    monkeypatch.setattr(gym.logger, "deprecation", fail)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
