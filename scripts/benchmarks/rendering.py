"""How fast views of objects are rendered, beside bare rays at the same meshes, by the size of views and batches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from ...envs.worlds import ObjectsWorld, make_world
from .figures import Figure, Plan
from .limits import ray_casting

OBJECTS = 64
SIDES = (16, 32, 64, 128)
ROWS = 128


def measure_rendering(plan: Plan) -> Iterator[Figure]:
    """All figures of `saccadeworld benchmark render`, one after the other."""
    for side in SIDES:
        world = make_world("objects", count=OBJECTS, size=side, device=plan.device)
        assert isinstance(world, ObjectsWorld)
        yield _views(world, plan)
    yield _anew(plan)


def _views(world: ObjectsWorld, plan: Plan) -> Figure:
    """Views with lights and shadow, floor and colours, as training sees them."""
    seeds = torch.arange(ROWS, device=plan.device)
    scenes = world.draw_scenes(seeds)
    poses = world.first_poses(seeds, scenes)
    calls = {
        "views": partial(world.views, scenes, poses),
        "rays": ray_casting(world.renderer.meshes, world.setup, scenes, poses),
    }
    times = plan.time(calls)
    side = world.setup.size
    return Figure.rate(
        f"objects: views of {side}x{side}", times["views"], ROWS, "bare rays", times["rays"], aim="at least 0.4"
    )


def _anew(plan: Plan) -> Figure:
    """What it takes to make a world: meshes, their trees and their colours."""
    times = plan.time({"world": partial(make_world, "objects", count=OBJECTS, size=32, device=plan.device)})
    return Figure(f"objects: a world of {OBJECTS}", times["world"].middle, "s", times["world"].spread)
