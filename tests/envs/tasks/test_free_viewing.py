import torch
from saccadeworld.envs.tasks import Rows, make_task
from saccadeworld.envs.worlds import World


def rows(world: World, count: int = 3) -> Rows:
    seeds = torch.arange(count)
    scenes = world.draw_scenes(seeds)
    return Rows(seeds, scenes, world.first_poses(seeds, scenes), torch.zeros_like(seeds))


def test_it_moves_rewards_nothing_and_never_ends(world: World):
    state = rows(world)
    actions = torch.full((3, world.action_dim), 0.25)
    outcome = make_task("free-viewing", world).act(state, actions)
    assert torch.equal(outcome.poses, world.move(state.poses, actions))
    assert torch.equal(outcome.rewards, torch.zeros(3))
    assert outcome.terminations is None


def test_observations_fit_their_space(world: World):
    for observe_pose in (True, False):
        task = make_task("free-viewing", world, observe_pose=observe_pose)
        observation = task.observe(rows(world))
        assert (world.pose_name in observation) == observe_pose
        for row in range(3):
            assert {key: value[row].numpy() for key, value in observation.items()} in task.observation_space


def test_rows_are_selected_and_put_back(world: World):
    state, index = rows(world, 5), torch.tensor([3, 1])
    part = state.select(index)
    assert part.seeds.tolist() == [3, 1]
    fresh = Rows(part.seeds + 10, part.scenes, part.poses * 0, part.steps + 7)
    whole = state.put(index, fresh)
    assert whole.seeds.tolist() == [0, 11, 2, 13, 4]
    assert whole.steps.tolist() == [0, 7, 0, 7, 0]
    assert torch.equal(whole.poses[[0, 2, 4]], state.poses[[0, 2, 4]])
    assert state.steps.tolist() == [0] * 5
