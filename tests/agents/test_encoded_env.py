"""Environments through a model: held against the model on the views of the same episodes, row by row."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.memory import Seen
from saccadeworld.envs.tasks import Rows
from saccadeworld.envs.worlds import ImagesWorld, World
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.initial_model import initial_model
from saccadeworld.seqjepa.methods import make_model as make_any
from saccadeworld.seqjepa.training_config import TrainingConfig

ROWS = 5
NEAR = {"rtol": 1e-3, "atol": 1e-4}
TASKS: dict[str, dict[str, Any]] = {
    "free viewing": {"task": "free-viewing", "max_episode_steps": 3},
    "recognition": {"task": "recognition", "actions": "discrete"},
    "search": {"task": "search", "max_episode_steps": 2},
    "journey": {"task": "path-integration", "movements": 2},
    "passive journey": {"task": "homing", "movements": 2, "passive": True},
}


def make(world: World, **options: Any) -> VectorEnv:
    return gym.make_vec(
        "SaccadeWorld-v0", ROWS, world=world, output="torch", autoreset_mode=AutoresetMode.SAME_STEP, **options
    )


class Reference:
    """What a row has seen, encoded from scratch every time."""

    def __init__(self, model: SeqJEPA, size: int):
        self.model, self.size = model, size

    def begin(self, view: torch.Tensor) -> None:
        self.views, self.actions = [view], []

    def after(self, action: torch.Tensor, view: torch.Tensor) -> None:
        self.views.append(view)
        self.actions.append(action)

    @property
    def aggregate(self) -> torch.Tensor:
        with torch.no_grad():
            z = self.model.encode(torch.stack(self.views[-self.size :])[None])
            actions = torch.stack([*self.actions, torch.zeros(self.model.config.action_dim)])[None, -z.shape[1] : -1]
            return self.model.aggregate(z, actions)[0]


@pytest.mark.parametrize("task", TASKS)
def test_aggregates_are_those_of_the_views_of_each_row(images_world: ImagesWorld, images_model: SeqJEPA, task: str):
    plain, env = (make(images_world, **TASKS[task]) for _ in range(2))
    encoded = EncodedVectorEnv(env, images_model, memory=3, output="torch")
    seen, _ = plain.reset(seed=0)
    observation, _ = encoded.reset(seed=0)
    rows = [Reference(images_model, 3) for _ in range(ROWS)]
    for row, view in zip(rows, seen["glimpse"], strict=True):
        row.begin(view)
    plain.action_space.seed(0)
    for _ in range(9):
        torch.testing.assert_close(observation["aggregate"], torch.stack([row.aggregate for row in rows]), **NEAR)
        for key in seen.keys() - {"glimpse", "goal"}:
            assert torch.equal(seen[key], observation[key])
        actions = plain.action_space.sample()
        sent = plain.task.commands(plain.rows, torch.from_numpy(actions))
        seen, rewards, terminations, truncations, info = plain.step(actions)
        observation, *outcome, encoded_info = encoded.step(actions)
        assert all(torch.equal(*pair) for pair in zip(outcome, (rewards, terminations, truncations), strict=True))
        ended = terminations | truncations
        for i, row in enumerate(rows):
            row.after(sent[i], (info["final_obs"] if ended[i] else seen)["glimpse"][i])
            if ended[i]:
                final = encoded_info["final_obs"]
                torch.testing.assert_close(final["aggregate"][i], row.aggregate, **NEAR)
                assert torch.equal(final["step"][i], info["final_obs"]["step"][i])
                row.begin(seen["glimpse"][i])
        assert info.keys() == encoded_info.keys()


def test_every_view_is_encoded_once(images_world: ImagesWorld, images_model: SeqJEPA, monkeypatch: pytest.MonkeyPatch):
    encode, counts = images_model.encode, []

    def counting(views: torch.Tensor) -> torch.Tensor:
        counts.append(len(views))
        return encode(views)

    monkeypatch.setattr(images_model, "encode", counting)
    env = EncodedVectorEnv(make(images_world, task="free-viewing", max_episode_steps=2), images_model)
    env.reset(seed=0)
    for _ in range(4):
        env.step(env.action_space.sample())
    assert counts == [ROWS, ROWS, 2 * ROWS, ROWS, 2 * ROWS]  # where episodes end, the last and the next first view


def test_goals_are_encoded_when_they_are_shown(images_world: ImagesWorld, images_model: SeqJEPA):
    plain, env = (make(images_world, task="search", max_episode_steps=2) for _ in range(2))
    encoded = EncodedVectorEnv(env, images_model, output="torch")
    seen, observation = plain.reset(seed=0)[0], encoded.reset(seed=0)[0]
    plain.action_space.seed(0)
    for _ in range(5):
        with torch.no_grad():
            torch.testing.assert_close(observation["goal_z"], images_model.encode(seen["goal"]), **NEAR)
        actions = plain.action_space.sample()
        seen, observation = plain.step(actions)[0], encoded.step(actions)[0]


@pytest.mark.parametrize("task", TASKS)
def test_observations_are_in_their_space(images_world: ImagesWorld, images_model: SeqJEPA, task: str):
    env = EncodedVectorEnv(make(images_world, **TASKS[task]), images_model)
    assert "glimpse" not in env.single_observation_space.spaces
    for observation in (env.reset(seed=0)[0], env.step(env.action_space.sample())[0]):
        assert env.observation_space.contains(observation)


def test_rows_do_not_depend_on_their_number(images_world: ImagesWorld, images_model: SeqJEPA):
    many = EncodedVectorEnv(make(images_world, task="free-viewing"), images_model)
    options = {"world": images_world, "output": "torch", "autoreset_mode": "SameStep"}
    one = EncodedVectorEnv(gym.make_vec("SaccadeWorld-v0", 1, **options), images_model)
    many.reset(seed=0)
    one.reset(seed=3)
    actions = np.random.default_rng(0).uniform(-0.4, 0.4, (4, ROWS, 2)).astype(np.float32)
    for action in actions:
        together, alone = many.step(action)[0], one.step(action[3:4])[0]
    for key in alone:
        np.testing.assert_allclose(together[key][3:4], alone[key], rtol=1e-3, atol=1e-4)


def test_some_rows_can_be_reset(images_world: ImagesWorld, images_model: SeqJEPA):
    env = EncodedVectorEnv(make(images_world, task="free-viewing"), images_model)
    env.reset(seed=0)
    for _ in range(2):
        env.step(env.action_space.sample())
    before = env.seen.memory
    env.reset(seed=9, options={"reset_mask": np.array([True, False, False, True, False])})
    assert env.seen.memory.counts.tolist() == [1, 3, 3, 1, 3]
    assert torch.equal(env.seen.memory.z[1], before.z[1])


def test_a_world_of_any_kind(world: World, model_for: Callable[..., SeqJEPA]):
    model = model_for(world)
    env = EncodedVectorEnv(make(world, task="free-viewing", max_episode_steps=2), model)
    env.reset(seed=0)
    for _ in range(3):
        observation = env.step(env.action_space.sample())[0]
    assert observation["aggregate"].shape == (ROWS, model.config.token_dim)
    assert np.isfinite(observation["aggregate"]).all()


def test_a_bonus_is_told_what_an_action_has_shown(images_world: ImagesWorld, images_model: SeqJEPA):
    asked = []

    def bonus(rows: Rows, before: Seen, after: Seen) -> torch.Tensor:
        asked.append((rows, before, after))
        return torch.arange(ROWS) + 0.5

    options = {"task": "recognition", "actions": "discrete", "glimpse_cost": 0.25}
    env = EncodedVectorEnv(make(images_world, **options), images_model, bonus=bonus, output="torch")
    env.reset(seed=0)
    begun = env.seen
    wrong = images_world.choice_count + (images_world.labels[env.base.rows.scenes[4]] + 1) % 3
    rewards = env.step(np.array([0, 1, 2, 3, wrong]))[1]
    assert rewards.tolist() == [0.25, 1.25, 2.25, 3.25, 4.5]
    ((rows, before, after),) = asked
    assert before is begun
    assert rows.steps.tolist() == [0] * ROWS
    assert after.memory.counts.tolist() == [2] * ROWS  # also where the episode has ended
    assert env.seen.memory.counts.tolist() == [2, 2, 2, 2, 1]


def test_the_model_stays_as_it_is(images_world: ImagesWorld, model_for: Callable[..., SeqJEPA]):
    model = model_for(images_world).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    env = EncodedVectorEnv(make(images_world), model)
    env.reset(seed=0)
    observation = env.step(env.action_space.sample())[0]
    assert model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    model.eval()
    again = EncodedVectorEnv(make(images_world), model)
    again.reset(seed=0)
    env.action_space.seed(0)
    again.action_space.seed(0)
    env.reset(seed=0)
    observation, expected = (e.step(e.action_space.sample())[0] for e in (env, again))
    np.testing.assert_array_equal(observation["aggregate"], expected["aggregate"])


def test_bf16_is_near(images_world: ImagesWorld, images_model: SeqJEPA):
    exact, near = (EncodedVectorEnv(make(images_world), images_model, bf16=bf16) for bf16 in (False, True))
    z, other = (env.reset(seed=0)[0]["z"] for env in (exact, near))
    assert not np.array_equal(z, other)
    assert np.abs(z - other).max() < 0.05 * np.abs(z).max()


def test_what_does_not_fit_is_told(images_world: ImagesWorld, images_model: SeqJEPA, objects_world: World):
    with pytest.raises(ValueError, match=r"actions of 2 numbers, the world 'objects' has 4"):
        EncodedVectorEnv(make(objects_world), images_model)
    with pytest.raises(ValueError, match=r"'path-integration' hides its views"):
        EncodedVectorEnv(make(images_world, task="path-integration", observe_view=False), images_model)
    with pytest.raises(ValueError, match=r"got output='numpy', autoreset_mode='NextStep'"):
        EncodedVectorEnv(gym.make_vec("SaccadeWorld-v0", 2, world=images_world), images_model)
    with pytest.raises(TypeError, match="native vector environment"):
        EncodedVectorEnv(gym.wrappers.vector.RecordEpisodeStatistics(make(images_world)), images_model)
    with pytest.raises(ValueError, match="memory=0"):
        EncodedVectorEnv(make(images_world), images_model, memory=0)
    with pytest.raises(TypeError, match="bf16='no' is neither True nor False"):
        EncodedVectorEnv(make(images_world), images_model, bf16="no")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="bonus=3: give None, or a callable"):
        EncodedVectorEnv(make(images_world), images_model, bonus=3)  # pyright: ignore[reportArgumentType]
    other = ImagesWorld(images_world.made_of, fovea=14)
    with pytest.raises(ValueError, match=r"trained on images, .*fovea 12, the world shows images, .*fovea 14"):
        EncodedVectorEnv(make(other), initial_model("seq-jepa", images_world, TrainingConfig(), encoder="small"))
    with pytest.raises(TypeError, match="a SimCLR has none"):
        EncodedVectorEnv(make(images_world), make_any("simclr", 2, encoder="small", encoder_width=8))
    with pytest.raises(RuntimeError, match="no episode yet: call reset"):
        _ = EncodedVectorEnv(make(images_world), images_model).seen
    with pytest.raises(ValueError, match="the model is on meta, the world on cpu: use one device for both"):
        EncodedVectorEnv(make(images_world), make_any("seq-jepa", 2, encoder="small", encoder_width=8).to("meta"))
    with pytest.raises(RuntimeError, match="call reset"):
        EncodedVectorEnv(make(images_world), images_model).step(np.zeros((ROWS, 2)))
