"""How soon goals are found: held against an environment stepped by hand."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.agents.search_scores import AnyPose, SearchScores, search_scores, straight_to_the_goal
from saccadeworld.envs.tasks.poses import draw_poses
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")


def test_shares_and_means_of_known_steps():
    scores = SearchScores(np.array([1.0, 4.0, np.inf, 2.0]), 5)
    assert scores.success == 0.75
    assert scores.mean_steps == 3.0
    assert [scores.within(steps) for steps in (1, 2, 4)] == [0.25, 0.5, 0.75]


def test_steps_are_those_of_first_episodes(images_world: ImagesWorld, images_model: SeqJEPA):
    """Against single environments of the same seeds, by actions that are the same in both."""

    def searcher(env: EncodedVectorEnv, _: object) -> torch.Tensor:
        rows = env.base.rows
        return ((rows.seeds[:, None] * 7 + rows.steps[:, None] * torch.tensor([3, 5])) % 11 - 5) / 20.0

    options = {"episodes": 12, "limit": 6, "seed": 40, "tolerance": 0.3}
    found = search_scores(images_model, images_world, lambda _: searcher, **options)
    expected = []
    for seed in range(40, 52):
        env = gym.make(
            "SaccadeWorld-v0", world=images_world, task="search", tolerance=0.3, max_episode_steps=6, output="numpy"
        )
        env.reset(seed=seed)
        steps = np.inf
        for step in range(6):
            action = (np.array([seed * 7 + step * 3, seed * 7 + step * 5]) % 11 - 5) / 20
            _, _, terminated, truncated, _ = env.step(action.astype(np.float32))
            if terminated:
                steps = step + 1.0
            if terminated or truncated:
                break
        expected.append(steps)
    assert found.steps.tolist() == expected
    assert 0 < found.success < 1


@pytest.mark.parametrize("reach", [None, 0.2])
def test_the_oracle_needs_no_more_than_it_must(images_world: ImagesWorld, images_model: SeqJEPA, reach: float | None):
    world = ImagesWorld(images_world.made_of, fovea=12, max_saccade=reach)
    found = search_scores(images_model, world, lambda _: straight_to_the_goal, episodes=50, limit=8, seed=0)
    assert found.success == 1.0
    env = gym.make_vec("SaccadeWorld-v0", 50, world=world, task="search", autoreset_mode="SameStep")
    least = env.reset(seed=0)[1]["optimal_steps"]
    assert (found.steps <= least + 1).all()
    assert (found.steps >= least).all()


def test_chance_goes_anywhere(images_world: ImagesWorld, images_model: SeqJEPA):
    """A disc of radius 0.2 holds 0.126 of the picture, less where it reaches beyond it."""
    options = {"episodes": 3000, "limit": 1, "tolerance": 0.2}
    first, second = (
        search_scores(images_model, images_world, lambda _, s=s: AnyPose(s), seed=0, **options) for s in (0, 1)
    )
    assert 0.07 < first.success < 0.126
    assert (first.steps != second.steps).any()
    seeds, scenes = torch.arange(3000), images_world.draw_scenes(torch.arange(3000))
    a, b = (draw_poses(images_world, seeds + shift, scenes) for shift in (10**6, 10**7))
    far = images_world.distance(torch.full_like(a, 0.5), a) > 0.2  # goals are never at the start
    assert first.success == pytest.approx((images_world.distance(a, b) < 0.2)[far].float().mean().item(), abs=0.025)


def test_objects_are_searched_too(objects_world: ObjectsWorld, model_for):
    found = search_scores(
        model_for(objects_world), objects_world, lambda _: straight_to_the_goal, episodes=20, limit=2, seed=0
    )
    assert found.success == 1.0
