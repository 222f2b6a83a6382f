"""The tensor path without values: every tensor on the world's device, and nothing that waits for it.

Under FakeTensorMode an operation on tensors of two devices fails, and so does one whose outcome the host would have to
wait for. The device "meta" stands for any that is not the CPU: a build of torch without CUDA cannot index fake CUDA
tensors.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium as gym
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.picture_store import PictureStore
from saccadeworld.envs.rotation_ranges import ROTATION_RANGES
from saccadeworld.envs.sources.banks import MeshSet, PictureSet, ViewSet
from saccadeworld.envs.stage import LATENTS, StageLatents
from saccadeworld.envs.tasks import make_task
from saccadeworld.envs.worlds import (
    AugmentationsWorld,
    ImagesWorld,
    ObjectsWorld,
    StoredViewsWorld,
    objects,
    picture_world,
    stored_views,
)
from saccadeworld.saliency.scanpaths import FixationSampler
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode

OPTIONS = {
    "nearest pixel": {},
    "between pixels": {"subpixel": True},
    "motor noise": {"border": "free", "max_saccade": 0.5, "motor_noise": 0.1},
}


@pytest.fixture(params=OPTIONS)
def fake_world(request: pytest.FixtureRequest, pictures: PictureSet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield ImagesWorld(pictures, fovea=12, device="meta", **OPTIONS[request.param])


def assert_on_device(*tensors: torch.Tensor):
    for tensor in tensors:
        assert isinstance(tensor, FakeTensor)
        assert tensor.device.type == "meta"


def test_the_mode_notices_a_wait_for_the_device(fake_world: ImagesWorld):
    with pytest.raises(DataDependentOutputException):
        fake_world.labels.tolist()


@pytest.mark.parametrize("policy", ["saliency", "uniform", "nearby", "grid", "centre-out", "centre"])
def test_rollouts(fake_world: ImagesWorld, policy: str):
    rollout = fake_world.rollout(4, 5, policy)
    assert rollout.views.shape == (4, 5, 3, 12, 12)
    assert_on_device(*vars(rollout).values())
    chosen = fake_world.rollout(scenes=torch.zeros(2, dtype=torch.int64, device="meta"), policy=policy)
    assert_on_device(*vars(chosen).values())


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Shapes of what was copied from the device to the host, which is waited for."""
    shapes: list[tuple[int, ...]] = []
    cpu, to = torch.Tensor.cpu, torch.Tensor.to

    def noted(tensor: torch.Tensor, copy: Any) -> torch.Tensor:
        copied = copy(tensor)
        if tensor.device.type == "meta" and copied.device.type == "cpu":
            shapes.append(tuple(tensor.shape))
        return copied

    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: noted(tensor, cpu))
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *a, **b: noted(tensor, lambda x: to(x, *a, **b)))
    return shapes


@pytest.fixture
def half_fake_world(pictures: PictureSet, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImagesWorld]:
    """With its pictures on the host. There what NumPy and a look at values do, which are no matter of the device, is
    done by tensors without values."""
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    monkeypatch.setattr(FixationSampler, "_draw_on_host", FixationSampler._draw_on_device)
    world = ImagesWorld(pictures, fovea=12, device="meta", bank_device="cpu")
    world.retina._windows._gather = world.retina._windows._by_pixels
    assert world.policies["saliency"].sampler is not None
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield world


@pytest.mark.parametrize("policy", ["uniform", "nearby", "grid", "centre-out", "centre", "saliency"])
def test_of_pictures_on_the_host_only_numbers_are_waited_for(half_fake_world: ImagesWorld, policy: str, copied: list):
    """Those of pictures and of fixations, once for a batch; and for salient ones once more for each."""
    assert half_fake_world.pictures.device.type == "cpu"
    rollout = half_fake_world.rollout(4, 5, policy)
    assert rollout.views.shape == (4, 5, 3, 12, 12)
    assert_on_device(*vars(rollout).values())
    looks = {"saliency": 5, "nearby": 1}.get(policy, 0)
    salient = [shape for step in range(looks) for shape in ((4,), (4,), (4, step, 2))]
    assert copied == [*salient, (20,), (20, 2)]


def test_environments_over_pictures_on_the_host(half_fake_world: ImagesWorld, copied: list):
    env = gym.make_vec("SaccadeWorld-v0", 3, world=half_fake_world, output="torch", max_episode_steps=2)
    assert_on_device(*env.reset(seed=0)[0].values())
    copied.clear()
    observation, *flags, _ = env.step(torch.zeros(3, 2, device="meta"))
    assert_on_device(*observation.values(), *flags)
    assert copied == [(3,), (3, 2)]


def test_whole_pictures_of_the_host_are_brought_once_each(pictures: PictureSet):
    """However many rows show them; on the CPU, as fake tensors have no numbers to compare."""
    store = PictureStore(pictures, torch.device("cpu"))
    store.on_host = True
    scenes = torch.tensor([3, 1, 3, 3, 5])
    near, numbers = store.near(scenes)
    assert torch.equal(near, pictures.pictures[[1, 3, 5]])
    assert torch.equal(near[numbers], pictures.pictures[scenes])


@pytest.mark.parametrize("made", ["augmentations", "stored views"])
def test_other_worlds_over_pictures_on_the_host(made: str, pictures: PictureSet, monkeypatch: pytest.MonkeyPatch):
    for module in (picture_world, stored_views):
        monkeypatch.setattr(module, "resolve_device", torch.device)
    options = {"device": "meta", "bank_device": "cpu"}
    world = (
        AugmentationsWorld(pictures, **options)
        if made == "augmentations"
        else StoredViewsWorld(make_views(pictures), **options)
    )
    assert world.pictures.device.type == "cpu"

    def near(scenes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        assert_on_device(scenes)
        return torch.zeros(2, *pictures.pictures.shape[1:], dtype=torch.uint8, device="meta"), scenes % 2

    monkeypatch.setattr(world._store, "near", near)
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert_on_device(*vars(world.rollout(4, 3)).values())


def make_views(pictures: PictureSet) -> ViewSet:
    """Each picture as the only view of an object."""
    extras = {"latents": torch.zeros(len(pictures.labels), 7), "objects": torch.arange(len(pictures.labels))}
    return ViewSet.of(replace(pictures, extras=extras))


@pytest.mark.parametrize("latents", ["all", "jitter"])
def test_augmentations(pictures: PictureSet, latents: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    with FakeTensorMode(allow_non_fake_inputs=True):
        world = AugmentationsWorld(pictures, latents=latents, target_view=2, device="meta")
        assert_on_device(*vars(world.rollout(4, 3)).values())
        env = gym.make_vec("SaccadeWorld-v0", 3, world=world, output="torch", max_episode_steps=2)
        env.reset(seed=0)
        for _ in range(3):
            observation, *flags, _ = env.step(torch.zeros(3, world.action_dim, device="meta"))
            assert_on_device(*observation.values(), *flags)
        assert_on_device(world.choices(observation["parameters"]))


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_vector_environments(fake_world: ImagesWorld, mode: str):
    env = gym.make_vec("SaccadeWorld-v0", 3, world=fake_world, output="torch", autoreset_mode=mode, max_episode_steps=2)
    assert_on_device(*env.reset(seed=0)[0].values())
    for step in range(4):
        if mode == "Disabled" and step == 2:
            env.reset()
        observation, *flags, info = env.step(torch.zeros(3, 2, device="meta"))
        assert observation["glimpse"].shape == (3, 3, 12, 12)
        assert_on_device(*observation.values(), *flags)
        if info:
            assert_on_device(*info["final_obs"].values(), info["_final_obs"])
    assert ("final_obs" in info) == (mode == "SameStep")


def test_tasks(fake_world: ImagesWorld, form: dict):
    """Their own part of a step; whether an episode has ended the vector environment asks once for all rows."""
    task = make_task(form["task"], fake_world, **{key: value for key, value in form.items() if key != "task"})
    seeds = torch.arange(4, device="meta")
    rows = task.begin(seeds, fake_world.draw_scenes(seeds))
    kind = torch.int64 if form.get("actions") == "discrete" else torch.float32
    actions = torch.zeros(4, *task.action_space.shape, device="meta", dtype=kind)
    task.form.check(actions)
    outcome = task.act(rows, actions)
    after = rows.after(outcome)
    assert_on_device(outcome.poses, outcome.rewards, *after.state.values())
    assert_on_device(*task.observe(after).values(), *task.info(after).values())
    assert outcome.rewards.shape == (4,)
    assert after.state.keys() == rows.state.keys()


class Blank:
    """A renderer whose views are there, but show nothing."""

    def __init__(self, meshes, setup, device):
        self.meshes, self.setup, self.device = meshes, setup, device

    def render(self, scenes: torch.Tensor, rotations: torch.Tensor, stage: torch.Tensor | None) -> torch.Tensor:
        assert_on_device(scenes, rotations, *([] if stage is None else [stage]))
        size = self.setup.size
        return torch.zeros(len(scenes), 3, size, size, dtype=torch.uint8, device=scenes.device)


@pytest.mark.parametrize("options", [{}, {"stage": "view"}, {"latents": "rotcolor"}, {"motor_noise": 0.1}], ids=str)
def test_objects(meshes: MeshSet, options: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(objects, "resolve_device", torch.device)
    monkeypatch.setattr(objects, "Renderer", Blank)
    with FakeTensorMode(allow_non_fake_inputs=True):
        world = ObjectsWorld(meshes, size=12, device="meta", **options)
        for policy in ("uniform", "nearby"):
            assert_on_device(*vars(world.rollout(4, 3, policy)).values())
        env = gym.make_vec("SaccadeWorld-v0", 3, world=world, output="torch", max_episode_steps=2)
        env.reset(seed=0)
        action = torch.zeros(3, world.action_dim, device="meta") + 0.5
        for _ in range(3):
            observation, *flags, _ = env.step(action)
            assert_on_device(*observation.values(), *flags)


@pytest.mark.parametrize("name", ROTATION_RANGES)
def test_rotation_ranges(name: str):
    with FakeTensorMode(allow_non_fake_inputs=True):
        drawn = [ROTATION_RANGES[name](torch.arange(4, device="meta"), step) for step in range(2)]
        assert_on_device(*drawn, rotations.toward(*drawn, 1.0))


@pytest.mark.parametrize("name", LATENTS)
def test_latents_of_the_stage(name: str):
    with FakeTensorMode(allow_non_fake_inputs=True):
        seeds, latents = torch.arange(4, device="meta"), StageLatents(name, torch.device("meta"))
        start = latents.draw(seeds, 0)
        near = latents.draw_near(start, seeds, 1, 0.1)
        assert_on_device(start, near, latents.add(start, latents.between(start, near)))
