import gymnasium as gym
import numpy as np
import pytest
from saccadeworld.envs.worlds import ImagesWorld, World

CLASSES = 3


def make(world: World, **options) -> gym.Env:
    return gym.make("SaccadeWorld-v0", world=world, task="recognition", **options)


def label(env: gym.Env) -> int:
    inner = env.unwrapped
    return int(inner.world.labels[inner._vector._rows.scenes[0]])


def box(world: World, movement=None, flag: float = -1.0, answer: int = 0) -> np.ndarray:
    scores = np.linspace(-1, -0.5, len(world.classes))
    scores[answer] = 0.25
    return np.concatenate([world.still if movement is None else movement, [flag], scores]).astype(np.float32)


def test_the_action_is_one_box_or_one_choice(world: World):
    classes = len(world.classes)
    assert make(world).action_space.shape == (world.action_dim + 1 + classes,)
    assert make(world, actions="discrete").action_space == gym.spaces.Discrete(world.choice_count + classes)


def test_a_right_answer_is_worth_one_a_wrong_one_nothing(world: World):
    for actions in ("box", "discrete"):
        for wrong in (0, 1):
            env = make(world, actions=actions)
            before, info = env.reset(seed=5)
            assert info == {"is_success": False}
            answer = (label(env) + wrong) % len(world.classes)
            action = box(world, flag=0.5, answer=answer) if actions == "box" else world.choice_count + answer
            after, reward, terminated, truncated, info = env.step(action)
            assert (reward, terminated, truncated, info) == (1 - wrong, True, False, {"is_success": not wrong})
            assert np.array_equal(after["glimpse"], before["glimpse"])
            assert np.array_equal(after[world.pose_name], before[world.pose_name])


def test_every_movement_has_its_price(images_world: ImagesWorld):
    env = make(images_world, glimpse_cost=0.25, max_episode_steps=3)
    env.reset(seed=1)
    for step in range(3):
        result = env.step(box(images_world, [0.1, -0.05], flag=0.0))
        assert result[1:] == (-0.25, False, step == 2, {"is_success": False})
        assert result[0]["fixation"] == pytest.approx([0.5 + 0.1 * (step + 1), 0.5 - 0.05 * (step + 1)])


def test_choices_lead_to_the_cells_of_a_grid(images_world: ImagesWorld):
    env = make(images_world, actions="discrete")
    env.reset(seed=0)
    for cell in (7, 24, 0):
        row, col = ((np.floor((np.array(divmod(cell, 5)) + 0.5) / 5 * 40)) / 40).tolist()
        observation, reward, terminated, *_ = env.step(cell)
        assert observation["fixation"] == pytest.approx([row, col])
        assert (reward, terminated) == (pytest.approx(-0.01), False)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"actions": "dict"}, ValueError, "actions='dict' is not known; use one of 'box', 'discrete'"),
        ({"glimpse_cost": -1}, ValueError, "glimpse_cost=-1 is out of range; use at least 0"),
        ({"glimpse_cost": float("nan")}, ValueError, "glimpse_cost=nan is out of range"),
        ({"glimpse_cost": "1"}, TypeError, "glimpse_cost='1' is not a number"),
    ],
)
def test_bad_options_are_named(images_world: ImagesWorld, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(images_world, **options)


@pytest.mark.parametrize(
    ("form", "action", "error", "message"),
    [
        (
            "box",
            [0, 0, 0, 0, 0, 1.5],
            ValueError,
            r"flag and scores \[0.0, 0.0, 0.0, 1.5\] of row 0: use finite numbers",
        ),
        ("box", [0, 0, np.nan, 0, 0, 0], ValueError, r"flag and scores \[nan, .* of row 0: use finite"),
        ("box", [7, 0, 1, 0, 0, 0], ValueError, r"action \[7.0, 0.0\] of row 0: use finite"),
        ("box", [0, 0], ValueError, r"has shape \(2,\); use \(6,\)"),
        ("discrete", 28, ValueError, "action 28 of row 0: use a whole number from 0 to 27"),
        ("discrete", -1, ValueError, "action -1 of row 0: use a whole number from 0 to 27"),
        ("discrete", 1.0, TypeError, "actions must be whole numbers, got float64"),
        ("discrete", True, TypeError, "actions must be whole numbers, got bool"),
        ("discrete", [1], ValueError, r"has shape \(1,\); use \(\)"),
    ],
)
def test_bad_actions_are_named(images_world: ImagesWorld, form: str, action, error: type[Exception], message: str):
    env = make(images_world, actions=form)
    env.reset(seed=0)
    with pytest.raises(error, match=message):
        env.step(action)


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.asarray])
def test_choices_come_in_many_forms(images_world: ImagesWorld, kind):
    env = make(images_world, actions="discrete")
    env.reset(seed=0)
    assert env.step(kind(0))[0]["fixation"] == pytest.approx([0.1, 0.1])
