"""The scores that the tasks' docstrings give for reference policies, measured."""

import re

import numpy as np
import pytest
import task_references as by
from saccadeworld.envs.tasks import TASKS
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import World, make_world

pytestmark = pytest.mark.usefixtures("one_thread")

EPISODES = {"free-viewing": 48, "search": 64}  # of the slow ones; the others have 256
LIMITS = {"free-viewing": 10, "recognition": 10, "search": 50}
OPTIONS = {
    "images": {"count": 200},
    "objects": {"count": 32, "size": 32},
    "augmentations": {"count": 200, "size": 32},
}
FIGURE = re.compile(r"(\w+) (-?\d+\.\d+) ± (\d+\.\d+)")


@pytest.fixture(scope="module", params=OPTIONS)
def worlds(request: pytest.FixtureRequest) -> tuple[World, World]:
    """A world to be tested in, and one with other instances to learn from."""
    return tuple(make_world(request.param, split=split, **OPTIONS[request.param]) for split in ("test", "train"))


def policies(task: str, other: World) -> dict[str, by.Policy]:
    """The reference policies of a task by the names that its docstring has for them."""
    walks = {
        "path-integration": {"nothing": by.stay, "heuristic": by.sum_of, "oracle": by.true_displacement},
        "homing": {"nothing": by.stay, "heuristic": by.back_by_the_sum, "oracle": by.true_way_home},
    }
    if task in walks:
        return {"random": by.by_chance} | {name: by.AfterTheWalk(last) for name, last in walks[task].items()}
    rules = {
        "free-viewing": lambda: (by.back_and_forth, by.most_surprising),
        "recognition": lambda: (by.NearestClass(other), by.true_class),
        "search": lambda: (by.HillClimber(), by.straight_to_the_goal),
    }
    return dict(zip(("random", "heuristic", "oracle"), (by.by_chance, *rules[task]()), strict=True))


def documented(task: str, world: World) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of the return by policy, from the line on the world in the task's docstring."""
    line = next(line for line in TASKS[task].__doc__.splitlines() if line.strip().startswith(f"{world.name}:"))
    return {policy: (float(mean), float(deviation)) for policy, mean, deviation in FIGURE.findall(line)}


def measured(task: str, world: World, policy: by.Policy, episodes: int) -> np.ndarray:
    options = {"predictor": by.expect_no_change} if task == "free-viewing" else {}
    env = SaccadeWorldVectorEnv(episodes, world=world, task=task, max_episode_steps=LIMITS.get(task), **options)
    return by.returns(env, policy)


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_documented(worlds: tuple[World, World], task: str):
    world, other = worlds
    figures = documented(task, world)
    assert {"random", "heuristic", "oracle"} <= figures.keys()
    known = policies(task, other)
    assert known.keys() == figures.keys()
    means = {}
    for name, policy in known.items():
        values = measured(task, world, policy, episodes := EPISODES.get(task, 256))
        mean, deviation = figures[name]
        means[name] = values.mean()
        # Five standard errors, and the rounding of the docstring; the deviation within a third.
        assert means[name] == pytest.approx(mean, abs=5 * deviation / episodes**0.5 + 0.006), name
        assert values.std() == pytest.approx(deviation, rel=0.35, abs=0.02), name
    assert means["oracle"] > means["heuristic"] - 1e-4  # rendered by different roundings
    assert means["oracle"] > means["random"]


def test_free_viewing_without_a_predictor_gives_nothing(worlds: tuple[World, World]):
    env = SaccadeWorldVectorEnv(8, world=worlds[0], max_episode_steps=3)
    assert not by.returns(env, by.by_chance).any()
