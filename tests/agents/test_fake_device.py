"""Agents without values, see envs/test_fake_device: every tensor on the world's device, nothing that waits for it."""

import gymnasium as gym
import pytest
import torch
from saccadeworld.agents.belief import ClassBelief
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.planning.expected_evidence import ExpectedEvidence
from saccadeworld.agents.planning.planner import PlannerConfig
from saccadeworld.agents.planning.policies import PlanningPolicy, SearchPlanner
from saccadeworld.agents.stacked_env import StackedVectorEnv
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld, picture_world
from saccadeworld.seqjepa import SeqJEPA
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode

CONFIG = PlannerConfig(horizon=2, candidates=8, iterations=1, elites=2)


@pytest.fixture
def fake(pictures: PictureSet, monkeypatch: pytest.MonkeyPatch):
    """A world and a model on the device "meta"."""
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    model = SeqJEPA(2, "small", encoder_width=8, action_embedding_dim=8, heads=2, layers=1).eval()
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        for module in model.modules():
            for tensors in (module._parameters, module._buffers):
                for name, tensor in tensors.items():
                    if tensor is not None:
                        moved = mode.from_tensor(tensor.detach()).to("meta")
                        tensors[name] = torch.nn.Parameter(moved) if tensors is module._parameters else moved
        yield ImagesWorld(pictures, fovea=12, device="meta"), model


@pytest.fixture
def fake_world(fake: tuple[ImagesWorld, SeqJEPA]) -> ImagesWorld:
    return fake[0]


@pytest.fixture
def fake_model(fake: tuple[ImagesWorld, SeqJEPA]) -> SeqJEPA:
    return fake[1]


def assert_on_device(*tensors: torch.Tensor) -> None:
    for tensor in tensors:
        assert isinstance(tensor, FakeTensor)
        assert tensor.device.type == "meta"


def make(world: ImagesWorld, **options) -> gym.vector.VectorEnv:
    return gym.make_vec("SaccadeWorld-v0", 3, world=world, output="torch", autoreset_mode="SameStep", **options)


def test_the_mode_notices_a_wait_for_the_device(fake_world: ImagesWorld):
    with pytest.raises(DataDependentOutputException):
        fake_world.labels.tolist()


@pytest.mark.parametrize("through", [EncodedVectorEnv, StackedVectorEnv])
def test_environments_through_a_model_and_with_stacks(fake_world: ImagesWorld, fake_model: SeqJEPA, through: type):
    made = make(fake_world, max_episode_steps=2)
    env = through(made, fake_model, output="torch") if through is EncodedVectorEnv else through(made, output="torch")
    assert_on_device(*env.reset(seed=0)[0].values())
    for _ in range(3):
        observation, rewards, *_, info = env.step(torch.zeros(3, 2, device="meta"))
        assert_on_device(*observation.values(), rewards)
        if info:
            assert_on_device(*info["final_obs"].values())


def test_policies_that_plan(fake_world: ImagesWorld, fake_model: SeqJEPA):
    evidence = ExpectedEvidence(fake_model, lambda inputs: inputs[:, :1], ClassBelief([]))
    for policy in (PlanningPolicy(fake_model, evidence, CONFIG), PlanningPolicy.to_explore(fake_model, CONFIG)):
        assert_on_device(*vars(fake_world.rollout(4, 3, policy)).values())


def test_a_planner_that_searches_by_gradient(fake_world: ImagesWorld, fake_model: SeqJEPA):
    """The goal is drawn for the test: the task itself checks, on the CPU, that there is one."""
    env = EncodedVectorEnv(make(fake_world, task="search"), fake_model, output="torch")
    observation, _ = env.reset(seed=0)
    planner = SearchPlanner(env, PlannerConfig(candidates=8, iterations=1, elites=2))
    assert_on_device(planner(env, observation))
