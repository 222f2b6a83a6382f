import math
import pickle

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.sources.banks import PictureSet, ViewSet
from saccadeworld.envs.worlds import StoredViewsWorld, stored_views
from scipy.spatial.transform import Rotation

COUNTS = [7, 3, 5]
HALF = math.pi / 2


def make_views() -> ViewSet:
    """Three objects; every picture has a grey level of its own, which is its number."""
    count = sum(COUNTS)
    numbers = np.random.default_rng(0)
    latents = numbers.uniform([-HALF] * 3 + [0] * 4, [HALF] * 3 + [1, math.pi / 4, 2 * math.pi, 1], (count, 7))
    objects = torch.repeat_interleave(torch.tensor([0, 1, 4]), torch.tensor(COUNTS))  # 2 and 3 could not be read
    pictures = torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(count, 4, 4, 3).contiguous()
    extras = {"latents": torch.from_numpy(latents).float(), "objects": objects}
    return ViewSet.of(PictureSet(pictures, objects % 3, ("ant", "bee", "cat"), extras=extras))


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return make_views()


@pytest.fixture(scope="module", params=["rotation", "rotcolor", "all"])
def world(request: pytest.FixtureRequest, views: ViewSet) -> StoredViewsWorld:
    return StoredViewsWorld(views, latents=request.param)


CHOSEN = {"rotation": [], "rotcolor": [3, 6], "all": [3, 4, 5, 6]}
PERIODS = {3: 1.0, 4: math.inf, 5: 2 * math.pi, 6: 1.0}
RANGES = PERIODS | {4: math.pi / 4}


def chosen(world: StoredViewsWorld) -> list[int]:
    return CHOSEN[world.options["latents"]]


def wrapped(difference: np.ndarray, period: float) -> np.ndarray:
    return difference if period == math.inf else (difference + period / 2) % period - period / 2


def apart(world: StoredViewsWorld, one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two rows of seven latents are, by SciPy and the formula in the world's docstring."""
    turn = Rotation.from_euler("xyz", one[:3]).inv() * Rotation.from_euler("xyz", other[:3])
    total = turn.magnitude() ** 2
    for i in chosen(world):
        unit = 2 * math.pi if i in (3, 6) else 1.0
        total += (unit * wrapped(other[i] - one[i], PERIODS[i])) ** 2
    return math.sqrt(total)


def seen(world: StoredViewsWorld, scenes: torch.Tensor, poses: torch.Tensor) -> list[int]:
    return world.views(scenes, poses)[:, 0, 0, 0].tolist()


def test_objects_and_sizes(world: StoredViewsWorld):
    extra = len(chosen(world))
    assert (len(world), world.labels.tolist(), world.counts.tolist()) == (3, [0, 1, 1], COUNTS)
    assert world.pose_dim == world.action_dim == 4 + extra == len(world.pose_low) == len(world.pose_high)
    assert world.view_shape == (3, 4, 4)


def test_rollouts_show_stored_views_without_replacement(world: StoredViewsWorld, views: ViewSet):
    """Every one of an object's views once, in an order that the seed tells, then all of them again."""
    scenes = torch.arange(3).repeat(20)
    rollout = world.rollout(scenes=scenes, length=2 * max(COUNTS))
    numbers = rollout.views[:, :, 0, 0, 0].long()
    for scene, row in zip(scenes.tolist(), numbers.tolist(), strict=True):
        first, count = int(views.first[scene]), COUNTS[scene]
        for start in (0, count):
            assert sorted(row[start : start + count]) == list(range(first, first + count))
    assert len({tuple(row) for row in numbers[scenes == 0].tolist()}) == 20
    quaternions = Rotation.from_euler("xyz", views.latents[:, :3].double().numpy()).as_quat(canonical=True)
    expected = np.concatenate([quaternions, views.latents[:, chosen(world)].numpy()], 1)[numbers.numpy()]
    assert np.allclose(rollout.poses.numpy(), expected, atol=1e-6)
    assert (rollout.poses[..., 3] >= 0).all()


def test_every_order_of_views_is_equally_likely(world: StoredViewsWorld):
    """The six orders of an object with three views, by a chi-square test with a limit of one in a million."""
    count = 6000
    rollout = world.rollout(scenes=torch.ones(count, dtype=torch.int64), length=3)
    orders = rollout.views[:, :, 0, 0, 0].long() - COUNTS[0]
    found = torch.bincount(orders[:, 0] * 9 + orders[:, 1] * 3 + orders[:, 2])
    found = found[found > 0].double()
    assert len(found) == 6
    assert ((found - count / 6).square() / (count / 6)).sum() < 35.9


def test_actions_are_relative_and_wrapped(world: StoredViewsWorld, views: ViewSet):
    rollout = world.rollout(40, 5)
    latents = views.latents.double().numpy()[rollout.views[:, :, 0, 0, 0].numpy()]
    start, end = latents[:, :-1].reshape(-1, 7), latents[:, 1:].reshape(-1, 7)
    turns = Rotation.from_euler("xyz", start[:, :3]).inv() * Rotation.from_euler("xyz", end[:, :3])
    others = [wrapped(end[:, i] - start[:, i], PERIODS[i])[:, None] / RANGES[i] for i in chosen(world)]
    expected = np.concatenate([turns.as_quat(canonical=True), *others], axis=1)
    actions = rollout.actions.flatten(0, 1)
    assert np.allclose(actions.numpy(), expected, atol=1e-5)
    world.check_actions(actions)
    assert (actions >= world.action_low).all()
    assert (actions <= world.action_high).all()


def test_the_action_between_two_views_leads_there(world: StoredViewsWorld):
    rollout = world.rollout(40, 5)
    starts, ends = rollout.poses[:, :-1].flatten(0, 1), rollout.poses[:, 1:].flatten(0, 1)
    scenes = rollout.scenes.repeat_interleave(4)
    moved = world.settle(world.move(starts, rollout.actions.flatten(0, 1)), scenes, scenes, 1)
    assert torch.equal(moved, ends)


def test_an_action_leads_to_the_nearest_view(world: StoredViewsWorld, views: ViewSet):
    """By a loop over all views of the object, for actions that point anywhere."""
    numbers = np.random.default_rng(1)
    latents = views.latents.double().numpy()
    for scene in (0, 1, 2) * 10:
        here = int(views.first[scene])
        last = here + COUNTS[scene]
        aim = numbers.uniform([-math.pi] * 3 + [0] * 4, [math.pi] * 3 + [1, math.pi / 4, 2 * math.pi, 1])
        distances = [apart(world, latents[view], aim) for view in range(here, last)]
        rows = torch.from_numpy(np.stack([latents[here], aim])).float()
        poses = torch.cat([rotations.from_euler(rows[:, :3]), rows[:, chosen(world)]], 1)
        scenes = torch.tensor([scene])
        moved = world.move(poses[:1], world.actions_between(poses[:1], poses[1:]))
        assert torch.allclose(moved, poses[1:], atol=1e-5)
        settled = world.settle(moved, scenes, scenes, 1)
        best = here + int(np.argmin(distances))
        assert seen(world, scenes, settled) == seen(world, scenes, moved) == [best]


def test_still_changes_nothing_and_small_turns_stay(world: StoredViewsWorld):
    poses = world.rollout(30, 1).poses[:, 0]
    scenes = world.rollout(30, 1).scenes
    still = torch.tensor(world.still).expand(30, -1)
    assert torch.equal(world.settle(world.move(poses, still), scenes, scenes, 1), poses)
    nudge = still + 0.01
    assert torch.equal(world.settle(world.move(poses, nudge), scenes, scenes, 1), poses)


def test_the_light_wraps_or_ends(views: ViewSet):
    world = StoredViewsWorld(views, latents="all")
    pose = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.9, 0.7, 6.0, 0.1]])
    moved = world.move(pose, torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.3, 0.5, 0.25, -0.3]]))
    assert torch.allclose(moved[0, 4:], torch.tensor([0.2, math.pi / 4, 6 - 1.5 * math.pi, 0.8]), atol=1e-6)


def test_of_equally_near_views_the_first_is_shown():
    """Half-way between two rotations about z, and where two views have one pose."""
    latents = torch.zeros(3, 7)
    latents[0, 2], latents[1, 2], latents[2, 2] = 0.5, -0.5, 0.5
    pictures = torch.arange(3, dtype=torch.uint8)[:, None, None, None].expand(3, 4, 4, 3)
    extras = {"latents": latents, "objects": torch.zeros(3, dtype=torch.int64)}
    world = StoredViewsWorld(ViewSet.of(PictureSet(pictures, torch.zeros(3).long(), ("a",), extras=extras)))
    poses = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    assert seen(world, torch.zeros(1).long(), poses) == [0]
    assert seen(world, torch.zeros(1).long(), rotations.from_euler(latents[2:, :3])) == [0]


def test_a_row_does_not_depend_on_the_batch(world: StoredViewsWorld):
    batch = world.rollout(50, 4, seed=3)
    for row in (0, 17, 49):
        single = world.rollout(1, 4, seed=3 + row)
        for name in ("views", "poses", "actions", "scenes"):
            assert torch.equal(getattr(single, name)[0], getattr(batch, name)[row])
    actions = torch.nn.functional.normalize(
        torch.randn(50, world.action_dim, generator=torch.Generator().manual_seed(0))
    )
    moved = world.settle(world.move(batch.poses[:, 0], actions), batch.scenes, batch.scenes, 1)
    for row in (0, 17, 49):
        one = slice(row, row + 1)
        alone = world.settle(world.move(batch.poses[one, 0], actions[one]), batch.scenes[one], batch.scenes[one], 1)
        assert torch.equal(alone, moved[one])


def test_pickled_and_seen_by_people(world: StoredViewsWorld):
    again = pickle.loads(pickle.dumps(world))
    assert torch.equal(again.rollout(4, 3).views, world.rollout(4, 3).views)
    assert world.frame(1, world.rollout(1, 3).poses[0]).dtype == np.uint8


@pytest.mark.parametrize("latents", list(CHOSEN))
def test_every_tensor_is_on_the_device(views: ViewSet, latents: str, monkeypatch: pytest.MonkeyPatch):
    """The device "meta" has no values, so that whatever waits for one or mixes devices fails."""
    monkeypatch.setattr(stored_views, "resolve_device", torch.device)
    world = StoredViewsWorld(views, latents=latents, device="meta")
    for tensor in vars(world.rollout(4, 5)).values():
        assert tensor.device.type == "meta"
    env = gym.make_vec("SaccadeWorld-v0", 3, world=world, output="torch", autoreset_mode="SameStep")
    env.reset(seed=0)
    observation, rewards, *_ = env.step(torch.zeros(3, world.action_dim, device="meta"))
    assert {tensor.device.type for tensor in (*observation.values(), rewards)} == {"meta"}


def test_bad_options(views: ViewSet):
    latents = views.latents.clone()
    latents[4, 6] = 1.5
    with pytest.raises(ValueError, match=r"latents \[.*, 1\.5\] of row 4: angles, then numbers from 0 to 1.0, 0.785"):
        StoredViewsWorld(ViewSet(views.views, latents, views.first, views.counts))
    with pytest.raises(ValueError, match="latents='colour' is not known; use one of 'rotation', 'rotcolor', 'all'"):
        StoredViewsWorld(views, latents="colour")
    world = StoredViewsWorld(views, latents="rotcolor")
    with pytest.raises(ValueError, match="a quaternion needs a length above"):
        world.check_actions(torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.5, 0.5]]))
