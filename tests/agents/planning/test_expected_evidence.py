"""What evidence is expected: held against a world in which it is known where the class can be seen."""

import gymnasium as gym
import pytest
import torch
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.glimpses import FromStart
from saccadeworld.agents.memory import Memory
from saccadeworld.agents.planning.expected_evidence import EvidenceConfig, ExpectedEvidence
from saccadeworld.agents.planning.imagination import imagine
from saccadeworld.agents.planning.planner import PlannerConfig
from saccadeworld.agents.planning.policies import PlanningPolicy, RecognitionPlanner
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")
SIDE = 24


@pytest.fixture(scope="module")
def corners() -> ImagesWorld:
    """Grey pictures of noise with a bright or a dark square, their class, in the lower right corner alone."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(100, 156, (400, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    labels = torch.arange(400) % 2
    pictures[:, 14:, 14:] = torch.tensor([20, 235], dtype=torch.uint8)[labels].view(-1, 1, 1, 1)
    return ImagesWorld(PictureSet(pictures, labels, ("dark", "bright")), fovea=6)


@pytest.fixture(scope="module")
def model(corners: ImagesWorld) -> SeqJEPA:
    torch.manual_seed(0)
    model = SeqJEPA(2, "small", encoder_width=8, action_embedding_dim=8, heads=2, layers=1)
    with torch.no_grad():
        for _ in range(3):
            model.loss(corners.rollout(32, 3, "uniform", seed=1))
    return model.eval()


@pytest.fixture(scope="module")
def evidence(corners: ImagesWorld, model: SeqJEPA) -> ExpectedEvidence:
    config = EvidenceConfig(views=2, episodes=2400, epochs=30, decay=0.01)
    return ExpectedEvidence.fit(model, corners, FromStart(corners.policy("uniform")), config)


def test_it_is_expected_where_it_is(corners: ImagesWorld, model: SeqJEPA, evidence: ExpectedEvidence):
    batch = corners.rollout(20, 1, FromStart(corners.policy("uniform")), seed=10**6)
    plans = torch.tensor([[0.3, 0.3], [-0.3, -0.3], [0.3, -0.3], [-0.3, 0.3]]).expand(20, 4, 2)[:, :, None]
    with torch.no_grad():
        seen = Memory.begin(model.encode(batch.views)[:, 0], 2, 2).look_back(model)
        costs = evidence(imagine(model, seen, plans), batch.poses[:, None, None]).mean(0)
    there, *elsewhere = costs.tolist()
    assert there < min(elsewhere) - 0.3  # of ln 2 = 0.69 nats, which are all there is to learn


def test_who_plans_for_it_looks_there(corners: ImagesWorld, model: SeqJEPA, evidence: ExpectedEvidence):
    policy = PlanningPolicy(model, evidence, PlannerConfig(candidates=32, iterations=0))
    fixations = corners.rollout(40, 2, policy, seed=10**6).poses[:, 1]
    assert (fixations > 0.5).all(dim=1).float().mean() > 0.8


def test_who_plans_for_it_names_the_class(corners: ImagesWorld, model: SeqJEPA, evidence: ExpectedEvidence):
    options = {"task": "recognition", "max_episode_steps": 2, "output": "torch", "autoreset_mode": "SameStep"}
    made = gym.make_vec("SaccadeWorld-v0", 40, world=corners, **options)
    env = EncodedVectorEnv(made, model, memory=2, output="torch")
    env.reset(seed=10**6)
    planner = RecognitionPlanner(env, lambda: evidence, PlannerConfig(candidates=32, iterations=0))
    returns = sum(env.step(planner(env, {}))[1] for _ in range(2))
    assert returns.mean() > 0.8, "by chance it is about a half"


def test_what_does_not_fit_is_told(pictures: PictureSet, model: SeqJEPA):
    unlabelled = ImagesWorld(PictureSet(pictures.pictures, torch.full_like(pictures.labels, -1), ()), fovea=6)
    with pytest.raises(ValueError, match="no classes to find evidence of"):
        ExpectedEvidence.fit(model, unlabelled, "uniform")
    with pytest.raises(ValueError, match="views=1 is out of range"):
        EvidenceConfig(views=1)
