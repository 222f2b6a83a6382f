import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs.tasks import Rows, make_task
from saccadeworld.envs.worlds import ImagesWorld, World


def rows(world: World, count: int = 3) -> Rows:
    seeds = torch.arange(count)
    return make_task("free-viewing", world).begin(seeds, world.draw_scenes(seeds))


def test_it_moves_rewards_nothing_and_never_ends(world: World):
    state = rows(world)
    actions = torch.full((3, world.action_dim), 0.25)
    task = make_task("free-viewing", world)
    outcome = task.act(state, actions)
    moved = world.settle(world.move(state.poses, actions), state.scenes, state.seeds, 1)
    assert torch.equal(outcome.poses, world.land(state.poses, moved, state.seeds, 1))
    assert torch.equal(outcome.rewards, torch.zeros(3))
    assert outcome.terminations is None
    assert task.info(state) == {}


def test_observations_fit_their_space(world: World):
    for observe_pose in (True, False):
        task = make_task("free-viewing", world, observe_pose=observe_pose)
        observation = task.observe(rows(world))
        assert (world.pose_name in observation) == observe_pose
        for row in range(3):
            assert {key: value[row].numpy() for key, value in observation.items()} in task.observation_space


def test_rows_are_selected_and_put_back(world: World):
    state, index = rows(world, 5), torch.tensor([3, 1])
    state = Rows(state.seeds, state.scenes, state.poses, state.steps, {"mark": torch.arange(5) + 100})
    part = state.select(index)
    assert part.seeds.tolist() == [3, 1]
    assert part.state["mark"].tolist() == [103, 101]
    fresh = Rows(part.seeds + 10, part.scenes, part.poses * 0, part.steps + 7, {"mark": torch.tensor([-1, -2])})
    whole = state.put(index, fresh)
    assert whole.seeds.tolist() == [0, 11, 2, 13, 4]
    assert whole.steps.tolist() == [0, 7, 0, 7, 0]
    assert whole.state["mark"].tolist() == [100, -2, 102, -1, 104]
    assert torch.equal(whole.poses[[0, 2, 4]], state.poses[[0, 2, 4]])
    assert state.steps.tolist() == [0] * 5


def error(views: torch.Tensor, actions: torch.Tensor, next_views: torch.Tensor) -> torch.Tensor:
    """A number that tells views, actions and next views apart."""
    weights = torch.tensor([1.0, -2.0])
    return views[:, 0, 0, 0].float() + 1000 * next_views[:, 0, 0, 0].float() + actions @ weights


def test_the_reward_is_the_error_of_the_predictor(images_world: ImagesWorld):
    env = gym.make("SaccadeWorld-v0", world=images_world, predictor=error)
    before, _ = env.reset(seed=3)
    env.action_space.seed(0)
    for _ in range(4):
        action = env.action_space.sample()
        after, reward, *_ = env.step(action)
        corners = float(before["glimpse"][0, 0, 0]) + 1000.0 * float(after["glimpse"][0, 0, 0])
        assert reward == pytest.approx(corners + action @ np.array([1.0, -2.0]), abs=0.02)
        before = after


def test_bad_predictors_are_refused(images_world: ImagesWorld):
    with pytest.raises(TypeError, match="predictor='persistence': give None, or a callable"):
        gym.make("SaccadeWorld-v0", world=images_world, predictor="persistence")
    for answer, error, message in (
        (np.zeros(1), TypeError, "errors must be a torch tensor, got ndarray"),
        (torch.tensor([torch.nan]), ValueError, "the predictor's error nan of row 0: return finite numbers"),
    ):
        env = gym.make("SaccadeWorld-v0", world=images_world, predictor=lambda *_, answer=answer: answer)
        env.reset(seed=0)
        with pytest.raises(error, match=message):
            env.step(np.zeros(2, np.float32))
    env = gym.make("SaccadeWorld-v0", world=images_world, predictor=lambda views, actions, following: actions)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"errors have shape \(1, 2\); use \(1,\), one a row"):
        env.step(np.zeros(2, np.float32))
