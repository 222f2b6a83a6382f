import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.envs.rollout import Episodes, Rollout
from saccadeworld.envs.worlds import World

PARTS = ("views", "poses", "actions", "labels", "scenes")


def assert_same(one: Rollout, other: Rollout):
    for part in PARTS:
        assert torch.equal(getattr(one, part), getattr(other, part)), part


def select(rollout: Rollout, rows: slice) -> Rollout:
    return Rollout(*(getattr(rollout, part)[rows] for part in PARTS))


def test_shapes_and_types(world: World):
    rollout = world.rollout(7, 4, seed=3)
    assert len(rollout) == 7
    assert (rollout.views.shape, rollout.views.dtype) == ((7, 4, *world.view_shape), torch.uint8)
    assert (rollout.poses.shape, rollout.poses.dtype) == ((7, 4, world.pose_dim), torch.float32)
    assert (rollout.actions.shape, rollout.actions.dtype) == ((7, 3, world.action_dim), torch.float32)
    assert (rollout.labels.shape, rollout.labels.dtype) == ((7,), torch.int64)
    assert torch.equal(rollout.labels, world.labels[rollout.scenes])


def test_every_policy_keeps_to_the_bounds_and_its_actions_lead_to_its_poses(world: World):
    still = torch.tensor(world.still)
    for policy in world.policies:
        rollout = world.rollout(40, 5, policy)
        low, high = torch.tensor(world.pose_low), torch.tensor(world.pose_high)
        assert ((rollout.poses >= low) & (rollout.poses <= high)).all()
        world.check_actions(rollout.actions.flatten(0, 1))
        for step in range(1, 5):
            start, end = rollout.poses[:, step - 1], rollout.poses[:, step]
            landed = world.land(start, world.move(start, rollout.actions[:, step - 1]), torch.arange(40), step)
            assert torch.allclose(world.actions_between(landed, end), still, atol=1e-6)


def test_actions_are_differences_of_poses_unless_noise_comes_between(world: World):
    for policy in world.policies:
        rollout = world.rollout(40, 5, policy)
        differences = world.actions_between(rollout.poses[:, :-1], rollout.poses[:, 1:])
        obeyed = getattr(world, "motor_noise", 0) == 0 or policy == "centre"  # who does not move does not miss
        assert torch.equal(differences, rollout.actions) == obeyed


def test_no_command_goes_beyond_the_reach(world: World):
    still = torch.tensor(world.still)
    for policy in world.policies:
        assert (world.distance(still, world.rollout(200, 4, policy).actions) <= world.reach + 1e-5).all()


def test_views_are_what_the_world_shows_at_the_poses(world: World):
    rollout = world.rollout(5, 3)
    for step in range(3):
        assert torch.equal(world.views(rollout.scenes, rollout.poses[:, step]), rollout.views[:, step])


def test_a_row_is_the_same_alone_and_in_any_batch(world: World):
    for policy in world.policies:
        together = world.rollout(33, 4, policy, seed=100)
        for row in (0, 17, 32):
            assert_same(world.rollout(1, 4, policy, seed=100 + row), select(together, slice(row, row + 1)))
        assert_same(world.rollout(16, 4, policy, seed=117), select(together, slice(17, 33)))


def test_episodes_do_not_depend_on_their_length(world: World):
    for policy in world.policies:
        short, long = world.rollout(6, 2, policy), world.rollout(6, 5, policy)
        assert torch.equal(short.views, long.views[:, :2])
        assert torch.equal(short.actions, long.actions[:, :1])


def test_other_seeds_give_other_episodes(world: World):
    assert not torch.equal(world.rollout(6, 3, seed=0).poses, world.rollout(6, 3, seed=6).poses)


def test_scenes_can_be_chosen(world: World):
    scenes = torch.tensor([3, 0, 3])
    rollout = world.rollout(scenes=scenes, length=2)
    assert torch.equal(rollout.scenes, scenes)
    assert torch.equal(rollout.labels, world.labels[scenes])


def test_a_policy_sees_what_has_been_seen(world: World):
    seen = []

    def watch(episodes: Episodes) -> torch.Tensor:
        seen.append((episodes.step, episodes.poses.clone(), episodes.views.clone() if episodes.step else None))
        return world.policy(None)(episodes)

    rollout = world.rollout(3, 4, watch)
    for step, (count, poses, views) in enumerate(seen):
        assert count == step
        assert torch.equal(poses, rollout.poses[:, :step])
        assert views is None or torch.equal(views, rollout.views[:, :step])
    assert_same(rollout, world.rollout(3, 4))


def test_scenes_are_drawn_uniformly(images_world: World):
    counts = torch.bincount(images_world.draw_scenes(torch.arange(6000)), minlength=6)
    expected = torch.bincount(draws.integers(torch.arange(6000), 0, "scene", 6)[:, 0])
    assert torch.equal(counts, expected)
    assert ((counts - 1000).abs() < 150).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, "needs a batch_size, or scenes"),
        ({"batch_size": 0}, ValueError, "batch_size=0 is out of range; use at least 1"),
        ({"batch_size": 2.5}, TypeError, "batch_size=2.5 is not a whole number"),
        ({"batch_size": 2, "length": 0}, ValueError, "length=0 is out of range"),
        ({"batch_size": 2, "policy": "random"}, ValueError, "policy='random' is not known; use one of 'saliency'"),
        ({"scenes": torch.tensor([0, 6])}, ValueError, "scene 6 of row 1: use 0 to 5"),
        ({"scenes": torch.tensor([0, 1, -1])}, ValueError, "scene -1 of row 2: use 0 to 5"),
        ({"scenes": torch.tensor([0.0])}, ValueError, r"scenes must be \(1,\) int64, one for each row"),
        ({"scenes": torch.tensor([0, 1]), "batch_size": 3}, ValueError, r"scenes must be \(3,\) int64"),
        ({"scenes": [0, 1]}, TypeError, r"scenes must be a torch tensor, int64, got \[0, 1\]"),
        ({"scenes": torch.tensor(1)}, ValueError, r"scenes must be \(1,\) int64, one for each row, got \(\)"),
        ({"batch_size": 2, "seed": -1}, ValueError, "seed=-1 is out of range; use 0 to 9223372036854775806"),
        ({"batch_size": 2, "seed": 0.5}, TypeError, "seed=0.5 is not a whole number"),
        ({"batch_size": 2, "seed": 2**63 - 1}, ValueError, "seed=9223372036854775807 is out of range"),
        ({"batch_size": 2, "policy": 3}, ValueError, "policy=3 is not known"),
        ({"batch_size": 2, "policy": lambda _: None}, TypeError, r"must choose poses, a torch tensor; got NoneType"),
        ({"batch_size": 2, "policy": lambda _: torch.zeros(2, 3)}, ValueError, r"\(2, 2\) float32, got \(2, 3\)"),
        ({"batch_size": 2, "policy": lambda _: torch.zeros(3, 2)}, ValueError, r"\(2, 2\) float32, got \(3, 2\)"),
        ({"batch_size": 2, "policy": lambda _: torch.zeros(2, 2).double()}, ValueError, r"float32, got .*float64"),
        (
            {"batch_size": 2, "policy": lambda _: torch.tensor([[0.0, 0.0], [torch.nan, 0.0]])},
            ValueError,
            r"the policy's poses .*nan, 0.0.* of row 1: use finite numbers",
        ),
    ],
)
def test_bad_arguments_are_named(images_world: World, arguments: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        images_world.rollout(**arguments)
