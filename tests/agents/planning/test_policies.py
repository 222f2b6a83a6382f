"""Planners at work, where the model is known to be right."""

from typing import Any

import gymnasium as gym
import pytest
import torch
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.planning.imagination import Imagined
from saccadeworld.agents.planning.planner import PlannerConfig
from saccadeworld.agents.planning.policies import PlanningPolicy, RecognitionPlanner, SearchPlanner
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")
ROWS, SIDE = 16, 64


class Knowing(SeqJEPA):
    """Whose embedding is where a view of a picture of slopes was taken, and whose prediction is exact."""

    def __init__(self, offset: float = 0.0):
        super().__init__(2, "small", encoder_width=8, action_embedding_dim=8, heads=2, layers=1)
        self.offset = offset

    def encode(self, views: Tensor) -> Tensor:
        place = views[..., :2, 0, 0].float() / 255
        rest = torch.ones(*place.shape[:-1], self.config.embedding_dim - 2)
        return torch.cat([4 * place, rest], dim=-1)

    def aggregate(self, z: Tensor, actions: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        return torch.nn.functional.pad(z[:, -1], (0, self.config.token_dim - z.shape[-1]))

    def predict(self, aggregate: Tensor, actions: Tensor | None = None) -> Tensor:
        assert actions is not None
        z = aggregate[..., : self.config.embedding_dim]
        return z + torch.nn.functional.pad(4 * actions + self.offset, (0, z.shape[-1] - 2))


@pytest.fixture(scope="module")
def slopes() -> ImagesWorld:
    """Red grows downwards and green to the right."""
    levels = (torch.arange(SIDE) * 4).to(torch.uint8)
    picture = torch.zeros(SIDE, SIDE, 3, dtype=torch.uint8)
    picture[..., 0], picture[..., 1] = levels[:, None], levels
    return ImagesWorld(PictureSet(picture[None], torch.zeros(1, dtype=torch.int64), ("slope",)), fovea=1)


def search(world: ImagesWorld, model: SeqJEPA, memory: int = 8, **options: Any) -> EncodedVectorEnv:
    options = {"task": "search", "max_episode_steps": 6} | options
    made = gym.make_vec("SaccadeWorld-v0", ROWS, world=world, output="torch", autoreset_mode="SameStep", **options)
    return EncodedVectorEnv(made, model, memory=memory, output="torch")


def solved(env: EncodedVectorEnv, steps: int, **options: Any) -> list[float]:
    """The share of first episodes that have succeeded after each step."""
    env.reset(seed=0)
    planner, done, shares = SearchPlanner(env, PlannerConfig(**options)), torch.zeros(ROWS, dtype=torch.bool), []
    for _ in range(steps):
        done |= env.step(planner(env, {}))[2]
        shares.append(done.float().mean().item())
    return shares


def test_a_model_that_is_right_finds_the_goal_at_once(slopes: ImagesWorld):
    assert solved(search(slopes, Knowing()), 1, candidates=256, iterations=2) == [1.0]


def test_a_model_that_is_wrong_does_not_look_twice_at_one_place(slopes: ImagesWorld):
    """It believes to end a little further than it does, and comes to the goal by leaving out where it has been."""
    env = search(slopes, Knowing(offset=0.28), max_episode_steps=12)
    shares = solved(env, 12, candidates=512, iterations=0)
    assert shares[0] < 0.5
    assert shares[-1] > 0.9


def test_the_next_episode_is_another_search(slopes: ImagesWorld):
    env = search(slopes, Knowing())
    env.reset(seed=0)
    planner = SearchPlanner(env, PlannerConfig(candidates=256))
    for _ in range(3):  # every action ends an episode
        assert env.step(planner(env, {}))[2].all()


def test_other_tasks_and_actions_are_refused(slopes: ImagesWorld):
    with pytest.raises(ValueError, match="the task is 'free-viewing'"):
        SearchPlanner(search(slopes, Knowing(), task="free-viewing"))
    with pytest.raises(ValueError, match=r"actions Discrete\(25\)"):
        SearchPlanner(search(slopes, Knowing(), actions="discrete"))


def test_plans_of_rollouts_are_those_of_their_rows(images_world: ImagesWorld, images_model: SeqJEPA):
    policy = PlanningPolicy.to_explore(images_model, PlannerConfig(candidates=8, iterations=0), memory=3)
    rollout = images_world.rollout(6, 3, policy)
    assert torch.equal(rollout.poses[:, 0], torch.full((6, 2), 0.5))
    again = images_world.rollout(2, 3, policy, seed=4)
    torch.testing.assert_close(rollout.poses[4:], again.poses, rtol=1e-4, atol=1e-4)
    assert not torch.isclose(rollout.poses[:, 1], rollout.poses[:, 2]).all(dim=1).any()


def test_looking_for_what_is_new(slopes: ImagesWorld):
    """On a slope what is least like the middle is farthest from it."""
    policy = PlanningPolicy.to_explore(Knowing(), PlannerConfig(candidates=64, iterations=0))
    rollout = slopes.rollout(8, 2, policy)
    distances = slopes.distance(rollout.poses[:, 0], rollout.poses[:, 1])
    assert distances.mean() > 0.5
    assert slopes.rollout(8, 2, "uniform").actions.norm(dim=-1).mean() < distances.mean()


class Above:
    """Expects the more evidence the higher it looks, and believes in one class above the middle, in the other below."""

    def belief(self, aggregates: Tensor, counts: Tensor, scenes: Tensor) -> Tensor:
        rows = aggregates[:, 0] / 4
        return torch.stack([100 * (0.5 - rows), torch.zeros_like(rows)], dim=1).log_softmax(dim=1)

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        return poses[:, :, 0, 0]


@pytest.fixture(scope="module")
def twins(slopes: ImagesWorld) -> ImagesWorld:
    """The same picture, in two classes."""
    return ImagesWorld(PictureSet(slopes.pictures.repeat(2, 1, 1, 1), torch.tensor([0, 1]), ("a", "b")), fovea=1)


def recognised(world: ImagesWorld, memory: int = 8, **options: Any) -> tuple[list[list[bool]], Tensor, Tensor]:
    """For three steps, which rows have answered; the last rewards, and the poses after the first step."""
    env = search(world, Knowing(), memory, task="recognition", max_episode_steps=3)
    env.reset(seed=0)
    planner = RecognitionPlanner(env, Above, PlannerConfig(candidates=64, iterations=0), **options)
    ends, rewards, poses = [], torch.zeros(ROWS), torch.zeros(ROWS, 2)
    labels = world.labels[env.base.rows.scenes]
    for step in range(3):
        _, rewards, terminations, *_ = env.step(planner(env, {}))
        poses = env.base.rows.poses if step == 0 else poses
        ends.append(terminations.tolist())
        if terminations.any():
            break
    return ends, rewards - (labels == 0).float(), poses


def test_who_recognises_looks_where_there_is_evidence_and_then_answers(twins: ImagesWorld):
    """In the middle either class is as likely as the other; high up it is sure of the first."""
    ends, errors, poses = recognised(twins)
    assert ends == [[False] * ROWS, [True] * ROWS]
    assert (poses[:, 0] < 0.2).all()
    assert (errors == 0).all(), "right where the class is the first"


def test_who_is_never_sure_answers_at_last_and_who_is_at_once_first(twins: ImagesWorld):
    assert recognised(twins, sure=1.1)[0] == [[False] * ROWS, [False] * ROWS, [True] * ROWS]
    assert recognised(twins, memory=2, sure=1.1)[0] == [[False] * ROWS, [True] * ROWS]
    assert recognised(twins, sure=0.0)[0] == [[True] * ROWS]


def test_other_tasks_and_actions_cannot_be_answered(twins: ImagesWorld):
    with pytest.raises(ValueError, match="the task is 'search'"):
        RecognitionPlanner(search(twins, Knowing()), Above)
    with pytest.raises(ValueError, match=r"actions Discrete\(27\): use 'recognition' with actions='box'"):
        RecognitionPlanner(search(twins, Knowing(), task="recognition", actions="discrete"), Above)
