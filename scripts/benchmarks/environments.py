"""How fast the environments are, beside what no environment can be faster than."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import gymnasium as gym
import torch
from torch import Tensor

from ...envs.sources.banks import PictureSet, ViewSet
from ...envs.vector_env import SaccadeWorldVectorEnv
from ...envs.worlds import ImagesWorld, ObjectsWorld, StoredViewsWorld, World, make_world
from .figures import Figure, Plan
from .limits import ray_casting, window_gather
from .memory import forget_peak_memory, peak_memory
from .peers import ap_gym_stepper, has_ap_gym

SIDE, FOVEA, VIEW = 96, 32, 64
ROWS, OBJECT_ROWS, FEW_ROWS, MANY_ROWS = 1024, 128, 64, 4096  # views of 1024 rows do not fit a core's cache
PICTURES, OBJECTS = 1000, 64
LARGE_BANK = 100_000
PEER_ROWS, PEER_FOVEA = 64, 5
IMAGENET = 84, 224  # sides of glimpse and picture in the paper's transfer
STORED_OBJECTS, STORED_VIEWS, STORED_SIDE = 64, 50, 128  # views as those of 3DIEBench
SEQUENCES, SEQUENCE = 128, 4
STEPS = 64  # different ones, after which they begin again


def measure_environments(plan: Plan) -> Iterator[Figure]:
    """All figures of `saccadeworld benchmark env`, one after the other."""
    images = noise_world(PICTURES, device=plan.device)
    yield _images_steps(images, plan)
    yield _objects_steps(plan)
    objects = make_world("objects", count=OBJECTS, size=VIEW, device=plan.device)
    yield _single_step(images, plan, "at most 150")
    yield _single_step(objects, plan)
    for world in (images, objects):
        yield _many_rows(world, plan)
        yield _memory(world)
    yield _large_bank(images, plan)
    yield _images_steps(noise_world(PICTURES, *IMAGENET, plan.device), plan)
    yield _stored_views(plan)
    if has_ap_gym():
        yield _peer(plan)


def noise_world(count: int, fovea: int = FOVEA, side: int = SIDE, device: torch.device | str = "cpu") -> ImagesWorld:
    """Pictures of noise: what is in them does not change how long it takes to cut from them."""
    return ImagesWorld(_noise(count, side), fovea=fovea, device=device)


def _noise(count: int, side: int, **extras: Tensor) -> PictureSet:
    pictures = torch.empty(count, side, side, 3, dtype=torch.uint8)
    pictures.random_(generator=torch.Generator().manual_seed(0))
    return PictureSet(pictures, torch.zeros(count, dtype=torch.int64), ("noise",), extras=extras)


def stepper(world: World, rows: int) -> Callable[[], Any]:
    """Steps of free viewing under actions drawn beforehand; episodes do not end. Of a world on a GPU all stays there,
    else actions and observations are NumPy arrays."""
    on_host = world.device.type == "cpu"
    env = SaccadeWorldVectorEnv(rows, world=world, output="numpy" if on_host else "torch")
    env.reset(seed=0)
    env.action_space.seed(0)
    drawn = [env.action_space.sample() for _ in range(STEPS)]
    actions = cycle(drawn if on_host else [torch.as_tensor(each, device=world.device) for each in drawn])
    return lambda: env.step(next(actions))


def _journey(world: ImagesWorld, rows: int) -> tuple[Tensor, Tensor]:
    """The pictures, (B,) int64, and the fixations, (STEPS, B, 2) float32, that `stepper` comes to at first."""
    env = SaccadeWorldVectorEnv(rows, world=world, output="torch")
    env.reset(seed=0)
    env.action_space.seed(0)
    fixations = [env.step(env.action_space.sample())[0]["fixation"] for _ in range(STEPS)]
    return world.draw_scenes(torch.arange(rows, device=world.device)), torch.stack(fixations)


def _images_steps(world: ImagesWorld, plan: Plan) -> Figure:
    limit = window_gather(world.pictures, *_journey(world, ROWS), world.fovea)
    times = plan.time({"env": stepper(world, ROWS), "limit": limit})
    name = f"images: vector steps, {world.fovea}x{world.fovea} from {world.side}x{world.side}"
    return Figure.rate(name, times["env"], ROWS, "bare window gather", times["limit"], aim="at least 0.5")


def _stored_views(plan: Plan) -> Figure:
    """Sequences of views of 3DIEBench's size, drawn without replacement, beside copies of as many pictures."""
    objects = torch.arange(STORED_OBJECTS).repeat_interleave(STORED_VIEWS)
    latents = torch.rand(len(objects), 7, generator=torch.Generator().manual_seed(0)) / 2
    world = StoredViewsWorld(
        ViewSet.of(_noise(len(objects), STORED_SIDE, latents=latents, objects=objects)), device=plan.device
    )
    count = SEQUENCES * SEQUENCE
    chosen = torch.randint(len(objects), (count,), generator=torch.Generator().manual_seed(1)).to(plan.device)
    calls = {
        "world": lambda: world.rollout(SEQUENCES, SEQUENCE),
        "copies": lambda: world.pictures.index_select(0, chosen),
    }
    times = plan.time(calls)
    name = f"stored-views: sequences of {SEQUENCE}, {STORED_SIDE}x{STORED_SIDE}"
    return Figure.rate(name, times["world"], count, "bare copies", times["copies"], aim="at least 0.5")


def _objects_steps(plan: Plan) -> Figure:
    world = make_world("objects", count=OBJECTS, size=VIEW, device=plan.device)
    assert isinstance(world, ObjectsWorld)
    seeds = torch.arange(OBJECT_ROWS, device=plan.device)
    scenes = world.draw_scenes(seeds)
    limit = ray_casting(world.renderer.meshes, world.setup, scenes, world.first_poses(seeds, scenes))
    times = plan.time({"env": stepper(world, OBJECT_ROWS), "limit": limit})
    return Figure.rate(
        "objects: vector steps, lights and shadow",
        times["env"],
        OBJECT_ROWS,
        "bare rays",
        times["limit"],
        aim="at least 0.4",
    )


def _single_step(world: World, plan: Plan, aim: str = "") -> Figure:
    env = gym.make("SaccadeWorld-v0", world=world, max_episode_steps=-1)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = cycle([env.action_space.sample() for _ in range(64)])
    times = plan.time({"env": lambda: env.step(next(actions))})["env"]
    name = f"{world.name}: a step of a single environment"
    return Figure(name, 1e6 * times.middle, "microseconds", times.spread, aim=aim)


def _many_rows(world: World, plan: Plan) -> Figure:
    few, many = (stepper(world, rows) for rows in (FEW_ROWS, MANY_ROWS))
    times = plan.time({"few": few, "many": many})
    return Figure.rate(
        f"{world.name}: views in steps of {MANY_ROWS} rows",
        times["many"],
        MANY_ROWS,
        f"in steps of {FEW_ROWS} rows",
        times["few"],
        limit_count=FEW_ROWS,
        aim="at least 1, within the noise",
    )


def _large_bank(small: ImagesWorld, plan: Plan) -> Figure:
    large = noise_world(LARGE_BANK, device=plan.device)
    calls = {"small": stepper(small, ROWS), "large": stepper(large, ROWS)}
    times = plan.time(calls)
    return Figure.rate(
        f"images: vector steps, bank of {LARGE_BANK}",
        times["large"],
        ROWS,
        f"bank of {PICTURES}",
        times["small"],
        aim="at least 1, within the noise",
    )


def _memory(world: World) -> Figure:
    """What a further row adds to the peak of a process, beside its view, its observation and its state."""
    peaks = [_peak_in_own_process(world.name, rows, str(world.device)) for rows in (MANY_ROWS, 3 * MANY_ROWS)]
    per_row = (peaks[1] - peaks[0]) / (2 * MANY_ROWS)
    env = SaccadeWorldVectorEnv(1, world=world)
    own = sum(array.nbytes for array in env.reset(seed=0)[0].values())
    name = f"{world.name}: memory of a further row"
    return Figure(name, per_row, "bytes", beside="its observation", limit=own, ratio=per_row / own, aim="at most 2")


def _peak_in_own_process(name: str, rows: int, device: str) -> float:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (name, rows, device))


def _peak(name: str, rows: int, device: str) -> float:
    """Bytes of the device's memory."""
    torch.set_num_threads(1)
    world = (
        noise_world(8, device=device) if name == "images" else make_world("objects", count=8, size=VIEW, device=device)
    )
    stepper(world, FEW_ROWS)()
    forget_peak_memory(world.device)  # of the imports and of making the world, which few rows would hide behind
    step = stepper(world, rows)
    for _ in range(3):
        step()
    return peak_memory(world.device)


def _peer(plan: Plan) -> Figure:
    """ap_gym's image classification, which is nearest to ours."""
    world = noise_world(PICTURES, PEER_FOVEA, device=plan.device)
    theirs = ap_gym_stepper(world.pictures.cpu().numpy(), PEER_ROWS, PEER_FOVEA)
    times = plan.time({"ours": stepper(world, PEER_ROWS), "theirs": theirs})
    name = f"images: vector steps, {PEER_ROWS} rows, {PEER_FOVEA}x{PEER_FOVEA} glimpses"
    return Figure.rate(name, times["ours"], PEER_ROWS, "ap_gym", times["theirs"], aim="at least 100")
