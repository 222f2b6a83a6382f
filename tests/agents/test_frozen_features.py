"""The frozen extractor: held against the model's own embeddings, through all that stable-baselines3 does to it."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import torch
from gymnasium import spaces
from saccadeworld.agents.frozen_features import FrozenFeatures
from saccadeworld.agents.sb3_env import SB3VecEnv
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from stable_baselines3 import DQN, PPO, SAC

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL: dict[Any, dict[str, Any]] = {
    PPO: {"n_steps": 4, "batch_size": 8, "n_epochs": 2},
    DQN: {"learning_starts": 4, "buffer_size": 40, "target_update_interval": 4},
    SAC: {"learning_starts": 4, "buffer_size": 40, "batch_size": 8},
}


@pytest.fixture
def folder(images_model: SeqJEPA, tmp_path: Path) -> str:
    images_model.save(tmp_path / "model")
    return str(tmp_path / "model")


def make_env(world: ImagesWorld, **options: Any) -> SB3VecEnv:
    return SB3VecEnv(gym.make_vec("SaccadeWorld-v0", 2, world=world, autoreset_mode="SameStep", **options))


def make_agent(algorithm: Any, world: ImagesWorld, model: Any, **options: Any) -> Any:
    actions = {DQN: "discrete", PPO: "discrete", SAC: "box"}[algorithm]
    kwargs = {"features_extractor_class": FrozenFeatures, "features_extractor_kwargs": {"model": model}}
    env = make_env(world, task="search", actions=actions, max_episode_steps=3)
    return algorithm("MultiInputPolicy", env, seed=0, device="cpu", policy_kwargs=kwargs | options, **SMALL[algorithm])


def extractors(agent: Any) -> list[FrozenFeatures]:
    return [module for module in agent.policy.modules() if isinstance(module, FrozenFeatures)]


def assert_frozen(agent: Any, model: SeqJEPA) -> None:
    """Weights and the buffers of batch normalisation are those of the model."""
    assert extractors(agent)
    for extractor in extractors(agent):
        state = extractor.model.state_dict()
        assert state.keys() == model.state_dict().keys()
        for name, value in model.state_dict().items():
            assert torch.equal(state[name], value), name


@pytest.mark.parametrize("algorithm", SMALL)
def test_it_stays_as_it_is_through_training_saving_and_loading(
    images_world: ImagesWorld, images_model: SeqJEPA, folder: str, tmp_path: Path, algorithm: Any
):
    agent = make_agent(algorithm, images_world, folder)
    assert_frozen(agent, images_model)  # after the orthogonal initialisation
    agent.learn(24)
    assert_frozen(agent, images_model)
    agent.save(tmp_path / "agent.zip")
    again = algorithm.load(tmp_path / "agent.zip", env=agent.get_env(), device="cpu")
    assert_frozen(again, images_model)
    observation = agent.get_env().reset()
    assert (
        again.predict(observation, deterministic=True)[0] == agent.predict(observation, deterministic=True)[0]
    ).all()


@pytest.mark.parametrize("divided", [True, False])
def test_its_features_are_the_models_embeddings(images_world: ImagesWorld, images_model: SeqJEPA, divided: bool):
    agent = make_agent(PPO, images_world, images_model, normalize_images=divided)
    for extractor in extractors(agent):
        extractor.divided = divided
    agent.policy.set_training_mode(True)
    observation = {key: torch.from_numpy(value) for key, value in agent.get_env().reset().items()}
    features = agent.policy.extract_features(observation)
    width = images_model.config.embedding_dim
    with torch.no_grad():
        for place, key in enumerate(("glimpse", "goal")):
            expected = images_model.encode(observation[key])
            torch.testing.assert_close(features[:, place * width : (place + 1) * width], expected)
    rest = torch.cat([observation["fixation"], observation["step"].float()], dim=1)
    assert torch.equal(features[:, 2 * width :], rest)
    assert not features.requires_grad
    assert not list(extractors(agent)[0].parameters())
    assert next(images_model.parameters()).requires_grad  # of the model itself, which is another


def test_what_does_not_fit_is_told(images_world: ImagesWorld, images_model: SeqJEPA, tmp_path: Path):
    blind = make_env(images_world, task="path-integration", observe_view=False)
    with pytest.raises(
        ValueError, match=r"no view, \(3, H, W\) uint8, among the observations \['action', 'phase', 'step'"
    ):
        FrozenFeatures(blind.observation_space, images_model)
    with pytest.raises(TypeError, match="must be a Dict"):
        FrozenFeatures(spaces.Box(0, 255, (3, 12, 12), dtype="uint8"), images_model)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        FrozenFeatures(make_env(images_world).observation_space, tmp_path / "nowhere")
