"""The public face as others write it: it runs, and pyright reads the same types there, from outside (.ci/wheel)."""

# pyright: reportUnnecessaryTypeIgnoreComment=error

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import gymnasium as gym
import saccadeworld as sw
from gymnasium.vector import VectorEnv
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.planning.policies import PlanningPolicy
from saccadeworld.agents.sb3_env import SB3VecEnv
from saccadeworld.envs.env import SaccadeWorldEnv
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.seqjepa import load_model
from saccadeworld.seqjepa.view_model import ViewModel
from torch import Tensor

SMALL: dict[str, Any] = {"count": 4, "size": 32, "fovea": 8}


def still(episodes: Episodes) -> Tensor:
    """A policy that stays where it is."""
    world = assert_type(episodes.world, sw.World)
    return episodes.poses[:, -1] if episodes.step else world.first_poses(episodes.seeds, episodes.scenes)


def test_worlds_and_models(tmp_path: Path) -> None:
    world = assert_type(sw.make_world("images", **SMALL), sw.World)
    assert_type(world.action_dim, int)
    batch = assert_type(world.rollout(batch_size=2, length=3, policy="uniform", seed=0), sw.Rollout)
    assert_type(world.rollout(batch_size=2, policy=still), sw.Rollout)
    assert_type(batch.views, Tensor)
    assert_type(batch.labels, Tensor)

    model = assert_type(sw.SeqJEPA(action_dim=world.action_dim, encoder="small"), sw.SeqJEPA)
    assert_type(model.config, sw.SeqJEPAConfig)
    z = assert_type(model.encode(batch.views), Tensor)
    aggregate = assert_type(model.aggregate(z[:, :-1], batch.actions[:, :-1]), Tensor)
    prediction = assert_type(model.predict(aggregate, batch.actions[:, -1]), Tensor)
    assert prediction.shape == z[:, -1].shape
    assert_type(model.loss(batch), Tensor)
    model.save(tmp_path / "model")
    assert_type(sw.SeqJEPA.load(tmp_path / "model"), sw.SeqJEPA)
    assert_type(load_model(tmp_path / "model"), ViewModel[Any])


def test_environments() -> None:
    env = SaccadeWorldEnv(world="images", **SMALL)
    assert_type(env.reset(seed=0), tuple[dict[str, Any], dict[str, Any]])
    assert_type(env.step(env.action_space.sample()), tuple[dict[str, Any], float, bool, bool, dict[str, Any]])
    assert_type(gym.make("SaccadeWorld-v0", **SMALL), gym.Env[Any, Any])


def test_agents() -> None:
    model = sw.SeqJEPA(action_dim=2, encoder="small").eval()
    options: dict[str, Any] = {"output": "torch", "autoreset_mode": "SameStep", "actions": "discrete", **SMALL}
    env = gym.make_vec("SaccadeWorld/Recognition-v0", 2, **options)
    assert_type(env, VectorEnv[Any, Any, Any])
    encoded = EncodedVectorEnv(env, model)
    assert_type(encoded.base, SaccadeWorldVectorEnv)
    assert_type(encoded.reset(seed=0), tuple[dict[str, Any], dict[str, Any]])
    SB3VecEnv(encoded).reset()
    policy = assert_type(PlanningPolicy.to_explore(model), PlanningPolicy)
    assert_type(sw.make_world("images", **SMALL).rollout(batch_size=2, length=2, policy=policy), sw.Rollout)


if TYPE_CHECKING:  # what is wrong is told: a comment below that hides no error is one
    sw.SeqJEPB  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
    sw.SeqJEPA("2")  # pyright: ignore[reportArgumentType]
    sw.make_world(2)  # pyright: ignore[reportArgumentType]
    sw.make_world("images").rollout(2, policy=len)  # pyright: ignore[reportArgumentType]
    EncodedVectorEnv(sw.make_world("images"), None)  # pyright: ignore[reportArgumentType]
