import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs.recordings.players import PolicyPlayer, act_at_random
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World


@pytest.mark.parametrize("actions", ["box", "discrete"])
def test_random_actions_fill_their_space_and_belong_to_the_episode(images_world: ImagesWorld, actions: str):
    tape = TapedVectorEnv(400, world=images_world, actions=actions, max_episode_steps=2)
    observation, _ = tape.reset(seed=3)
    drawn = act_at_random(tape, observation)
    other = TapedVectorEnv(100, world=images_world, actions=actions, max_episode_steps=2)
    assert torch.equal(act_at_random(other, other.reset(seed=53)[0]), drawn[50:150])
    tape.step(drawn)
    assert not torch.equal(act_at_random(tape, observation), drawn)
    if actions == "box":
        assert drawn.abs().max() <= 1
        assert drawn.mean(0).abs().max() < 4 / np.sqrt(3 * 400), "the mean of 400 is within 4 deviations"
        assert drawn.var(0).tolist() == pytest.approx([1 / 3, 1 / 3], rel=0.15)
    else:
        assert set(drawn.tolist()) == set(range(25))


def test_a_policy_moves_where_it_moves_in_rollouts(world: World):
    """Where no motor noise comes between: the task draws it for another path, since it begins elsewhere."""
    last = Last(world)
    tape = TapedVectorEnv(4, world=world, max_episode_steps=3)
    chunk = record_task(tape, PolicyPlayer(last, tape), 0, 20)
    poses = torch.from_numpy(chunk.columns["pose"]).view(4, 4, -1)
    begun, _ = gym.make_vec("SaccadeWorld-v0", 4, world=world).reset(seed=20)
    if world.pose_name in begun:
        assert np.array_equal(begun[world.pose_name], poses[:, 0])
    episodes = last.seen
    assert torch.equal(episodes.poses, poses[:, :3]), "it is told where it was"
    assert torch.allclose(
        episodes.actions, torch.from_numpy(chunk.columns["movement"]).view(4, 4, -1)[:, :2], atol=1e-5
    )
    assert torch.equal(
        episodes.views, torch.from_numpy(chunk.columns["pixels"]).unflatten(0, (4, 4))[:, :3].permute(0, 1, 4, 2, 3)
    )


class Last:
    """The world's default policy, and the episodes that it was asked about."""

    def __init__(self, world: World):
        self.policy = world.policy(None)

    def __call__(self, episodes: Episodes) -> torch.Tensor:
        self.seen = episodes
        return self.policy(episodes)


def test_what_it_aims_at_is_reached(objects_world: ObjectsWorld):
    """A walk by at most 45 degrees stays one in a task."""
    tape = TapedVectorEnv(8, world=objects_world, task="search", tolerance=0.0, max_episode_steps=5)
    chunk = record_task(tape, PolicyPlayer(objects_world.policy("nearby"), tape), 0, 0)
    poses = torch.from_numpy(chunk.columns["pose"]).view(8, 6, 4)
    angles = objects_world.distance(poses[:, :-1], poses[:, 1:])
    assert angles.max() <= np.pi / 4 + 1e-3
    assert angles.max() > np.pi / 6


def test_it_never_answers(images_world: ImagesWorld):
    tape = TapedVectorEnv(8, world=images_world, task="recognition", max_episode_steps=3)
    assert record_task(tape, PolicyPlayer(images_world.policy("uniform"), tape), 0, 0).lengths.tolist() == [4] * 8


def test_choices_are_nothing_for_a_policy(images_world: ImagesWorld):
    tape = TapedVectorEnv(2, world=images_world, actions="discrete")
    with pytest.raises(ValueError, match="use actions='box'"):
        PolicyPlayer(images_world.policy("uniform"), tape)
