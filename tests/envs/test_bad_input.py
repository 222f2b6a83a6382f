"""Whatever is given to the environments: it works, or is refused by an error that says what was wrong."""

import math
import os
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from saccadeworld import make_world
from saccadeworld.envs.env import SaccadeWorldEnv
from saccadeworld.envs.tasks import TASKS
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import WORLDS, ImagesWorld, ObjectsWorld

REFUSALS = (ValueError, TypeError, FileNotFoundError, NotADirectoryError, gym.error.Error)
SMALL: dict[str, dict[str, Any]] = {
    "images": {"count": 2, "size": 32, "fovea": 8},
    "objects": {"count": 2, "size": 8},
    "augmentations": {"count": 2, "size": 32},
}
OPTIONS = {
    **{(world, name): "world" for world in SMALL for name in sorted(WORLDS[world].option_names({}) | {"source"})},
    **{(task, name): "task" for task in TASKS for name in sorted(TASKS[task].option_names())},
    **{("vector", name): "vector" for name in ("num_envs", "world", "task", "output", "max_episode_steps")},
    **{("vector", name): "vector" for name in ("autoreset_mode", "render_mode", "colour")},
}
WILD = (
    st.sampled_from(
        [
            None,
            True,
            -1,
            0,
            3,
            1.5,
            math.nan,
            math.inf,
            -math.inf,
            1e30,
            10**12,
            10**30,
            "",
            "x",
            "../x",
            "1",
            b"x",
            (),
            (1, 2),
        ]
        + [[], {}, {"x": 1}, object(), np.int64(3), np.float32(0.5), np.array(3)]
    )
    | st.integers(-10, 40)
    | st.integers(10**9, 2**70)
    | st.floats()
)

quick = settings(max_examples=100, derandomize=True, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """Some options are paths."""
    former = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    yield
    os.chdir(former)


def refusal(call) -> str | None:
    """What an error says, or None where there is none."""
    try:
        call()
    except REFUSALS as error:
        return str(error)
    return None


@pytest.mark.filterwarnings("ignore")
@settings(quick, max_examples=200)
@given(option=st.sampled_from(sorted(OPTIONS)), value=WILD)
@example(option=("images", "size"), value=10**9)
@example(option=("images", "size"), value=math.inf)
@example(option=("images", "count"), value=10**9)
@example(option=("images", "source_seed"), value=1.5)
@example(option=("objects", "size"), value=10**5)
@example(option=("objects", "samples"), value=10**9)
@example(option=("augmentations", "view_size"), value=10**9)
@example(option=("augmentations", "target_view"), value=10**30)
@example(option=("vector", "num_envs"), value=10**9)
def test_any_value_of_any_option_works_or_is_named(option: tuple[str, str], value: Any):
    owner, name = option
    world = owner if owner in SMALL else "images"
    task = owner if owner in TASKS else "free-viewing"
    options = {"num_envs": 2, "world": world, "task": task, **SMALL[world], name: value}

    def use() -> None:
        env = SaccadeWorldVectorEnv(**options)
        observation, _ = env.reset(seed=0)
        assert env.observation_space.contains(observation) or options["output"] == "torch"
        env.step(env.action_space.sample())

    said = refusal(use)
    assert said is None or name.rstrip("s") in said or repr(value) in said or str(value) in said or "scenes" in said


def test_a_rollout_that_no_machine_could_hold_is_refused(images_world: ImagesWorld):
    with pytest.raises(ValueError, match=r"batch_size=1000000000 and length=1000 takes .* GB, and this machine has"):
        images_world.rollout(10**9, 1000)
    with pytest.raises(ValueError, match=r"count=10000000 pictures of size=8192 takes .* choose less"):
        make_world("images", count=10**7, size=8192)
    with pytest.raises(ValueError, match=r"num_envs=1000000000 takes .* choose less"):
        SaccadeWorldVectorEnv(10**9, world=images_world)


# --- actions -----------------------------------------------------------------------------------------------------

SCALARS = arrays.scalar_dtypes() | arrays.complex_number_dtypes() | st.sampled_from([np.dtype(object), np.dtype("U3")])
ACTIONS = st.one_of(
    SCALARS.flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
    ),
    arrays.arrays(np.float64, (3, 2), elements=st.floats(-1.5, 1.5) | st.sampled_from([math.nan, math.inf, 1e300])),
    arrays.arrays(np.int64, (3,), elements=st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.lists(st.floats() | st.integers() | st.text(max_size=2) | st.none(), max_size=3), max_size=4),
    WILD,
    st.sampled_from(
        [
            torch.zeros(3, 2).to_sparse(),
            torch.empty(3, 2, device="meta"),
            torch.zeros(3, 2, dtype=torch.complex64),
            torch.zeros(3, 2, dtype=torch.bool),
            torch.zeros(3, dtype=torch.uint8),
            torch.full((3, 2), math.nan),
        ]
    ),
)


@pytest.fixture(scope="module")
def environments(images_world: ImagesWorld, objects_world: ObjectsWorld) -> list[SaccadeWorldVectorEnv]:
    return [
        SaccadeWorldVectorEnv(3, world=images_world, max_episode_steps=10**9),
        SaccadeWorldVectorEnv(3, world=objects_world, task="path-integration", max_episode_steps=10**9),
        SaccadeWorldVectorEnv(3, world=images_world, task="search", actions="discrete"),
        SaccadeWorldVectorEnv(3, world=images_world, task="recognition"),
    ]


@pytest.mark.filterwarnings("ignore")
@settings(quick, max_examples=150)
@given(which=st.integers(0, 3), actions=ACTIONS)
def test_any_action_is_taken_or_refused_and_then_nothing_has_moved(environments, which: int, actions: Any):
    env = environments[which]
    before, _ = env.reset(seed=5)
    said = refusal(lambda: env.step(actions))
    if said is not None:
        assert "action" in said
        assert all(np.array_equal(env._present(env.task.observe(env.rows))[key], before[key]) for key in before)
    observation, *_ = env.step(env.action_space.sample())
    assert env.observation_space.contains(observation)


@pytest.mark.filterwarnings("ignore")
@quick
@given(action=ACTIONS)
def test_so_does_a_single_environment(images_world: ImagesWorld, action: Any):
    env = SaccadeWorldEnv(world=images_world)
    env.reset(seed=5)
    said = refusal(lambda: env.step(action))
    assert said is None or "action" in said


# --- resets ------------------------------------------------------------------------------------------------------

SEEDS = st.one_of(
    WILD,
    st.integers(-5, 2**70),
    st.lists(st.none() | st.integers(-2, 2**64) | st.floats() | st.text(max_size=1), max_size=4),
    st.sampled_from(
        [np.int64(5), np.uint64(2**63 + 5), np.array([1, 2, 3]), np.array([[1, 2, 3]]), np.array([0.5] * 3)]
    ),
)


@quick
@given(seed=SEEDS)
def test_any_seed_begins_an_episode_or_is_named(environments, images_world: ImagesWorld, seed: Any):
    said = refusal(lambda: environments[0].reset(seed=seed))
    assert said is None or "seed" in said or "Seed" in said
    said = refusal(lambda: SaccadeWorldEnv(world=images_world).reset(seed=seed))
    assert said is None or "seed" in said or "Seed" in said


@quick
@given(options=WILD | st.dictionaries(st.sampled_from(["reset_mask", "x"]), WILD | ACTIONS, max_size=2))
def test_any_reset_option_works_or_is_named(environments, options: Any):
    environments[0].reset(seed=0)
    said = refusal(lambda: environments[0].reset(options=options))
    assert said is None or "option" in said or "reset_mask" in said
