"""Tasks in all their forms, worlds in which there is something to search, and warnings as errors."""

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import pytest
from saccadeworld.envs import draws
from saccadeworld.envs.sources.banks import PictureSet, ViewSet
from saccadeworld.envs.tasks import TASKS, Outcome, Rows, Task
from saccadeworld.envs.worlds import StoredViewsWorld, World
from torch import Tensor


def surprise(views: Tensor, actions: Tensor, next_views: Tensor) -> Tensor:
    """A predictor's error: how much brighter one pixel is than it was."""
    return next_views[:, 0, 0, 0].float() - views[:, 0, 0, 0].float()


FORMS: dict[str, dict[str, Any]] = {
    "free viewing": {"task": "free-viewing"},
    "free viewing by choices": {"task": "free-viewing", "actions": "discrete", "predictor": surprise},
    "free viewing of surprises": {"task": "free-viewing", "predictor": surprise},
    "path integration": {"task": "path-integration", "movements": 2},
    "passive path integration": {"task": "path-integration", "movements": 2, "passive": True, "observe_action": False},
    "blind path integration": {"task": "path-integration", "movements": 1, "observe_view": False},
    "homing": {"task": "homing", "movements": 2},
    "passive homing": {"task": "homing", "movements": 1, "passive": "uniform"},
    "recognition": {"task": "recognition"},
    "recognition by choices": {"task": "recognition", "actions": "discrete", "glimpse_cost": 0.5},
    "search": {"task": "search"},
    "search by choices": {"task": "search", "actions": "discrete", "reward": "sparse"},
    "chance": {"task": "chance"},
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, chance: str) -> dict[str, Any]:
    """Every task, with the options that change what it does, in episodes of at most three actions."""
    return FORMS[request.param]


@pytest.fixture(scope="session")
def searchable(world: World) -> World:
    """Every world there is, without stored objects that have one view alone."""
    if not isinstance(world, StoredViewsWorld):
        return world
    views, several = world.made_of.views, (world.made_of.counts > 1).repeat_interleave(world.made_of.counts)
    extras = {key: value[several] for key, value in views.extras.items()}
    kept = PictureSet(views.pictures[several], views.labels[several], views.classes, extras=extras)
    return StoredViewsWorld(ViewSet.of(kept), **world.options)


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
