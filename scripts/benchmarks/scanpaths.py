"""How fast sequences of glimpses guided by saliency are made, stage by stage, and how fast the maps they need."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ...envs import draws
from ...envs.rollout import Episodes
from ...envs.worlds import ImagesWorld, make_world
from ...saliency.inhibition import INHIBITIONS
from ...saliency.models import make_saliency
from .figures import Figure, Plan
from .released import released_pipeline
from .timing import Times

SIDE, FOVEA, LENGTH = 96, 32, 5
PICTURES = 1000
ROWS = (512, 4096)
RELEASED_ROWS = 64  # one after the other, so that more would not be faster
CANDIDATES = 4  # of a fixation that follows others, as a rule
MODEL_PICTURES = 64
MODELS = {
    "uniform": "",
    "centre-bias": "",
    "spectral-residual": "at least 500",
    "itti-koch": "at least 100",
    "boolean-maps": "",
    "combined": "",
}


def measure_scanpaths(plan: Plan) -> Iterator[Figure]:
    """All figures of `saccadeworld benchmark scanpaths`, one after the other; on a CPU in the processor's own time."""
    worlds = {name: _world(name, plan.device) for name in INHIBITIONS}
    for rows in ROWS:
        yield from _sequences(worlds, rows, plan)
    pictures = worlds["disc"].pictures[:MODEL_PICTURES]
    for name, aim in MODELS.items():
        times = plan.time({name: partial(make_saliency(name), pictures)}, _clock(plan))[name]
        title = f"saliency maps of {SIDE}x{SIDE}: {name}"
        yield Figure(title, len(pictures) / times.middle, "maps/s", times.spread, aim=aim)


def _clock(plan: Plan) -> Callable[[], float] | None:
    """The processor's own time where it does the work."""
    return time.process_time if plan.device.type == "cpu" else None


def _world(inhibition: str, device: torch.device) -> ImagesWorld:
    world = make_world("images", count=PICTURES, size=SIDE, fovea=FOVEA, inhibition=inhibition, device=device)
    assert isinstance(world, ImagesWorld)
    return world


def _sequences(worlds: dict[str, ImagesWorld], rows: int, plan: Plan) -> Iterator[Figure]:
    world = worlds["disc"]
    seeds = torch.arange(rows, device=plan.device)
    scenes = world.draw_scenes(seeds)
    poses = world.rollout(rows, LENGTH, "saliency").poses.flatten(0, 1)
    maps = make_saliency("spectral-residual")(world.pictures)
    few = scenes[:RELEASED_ROWS].cpu()
    released = released_pipeline(world.pictures.cpu(), maps.cpu(), few, LENGTH, FOVEA)
    stages: dict[str, Callable[[], object]] = {
        "random bits": partial(_draw_bits, seeds),
        **{f"fixations, inhibition {name}": partial(_fixate, worlds[name], seeds, scenes) for name in INHIBITIONS},
        "crop": partial(world.views, scenes.repeat_interleave(LENGTH), poses),
    }
    calls = {**stages, "rollout": partial(world.rollout, rows, LENGTH, "saliency"), "released": released}
    times = plan.time(calls, _clock(plan))
    for name in stages:
        yield _figure(f"{rows} rows: {name}", times[name], rows, "whole rollout", times["rollout"], rows)
    aim = "at least 100, hoping for 300"
    yield _figure(
        f"{rows} rows: whole rollout",
        times["rollout"],
        rows,
        "released pipeline",
        times["released"],
        RELEASED_ROWS,
        aim,
    )


def _figure(name: str, times: Times, rows: int, beside: str, limit: Times, limit_rows: int, aim: str = "") -> Figure:
    return Figure.rate(name, times, rows * LENGTH, beside, limit, limit_rows * LENGTH, aim)


def _draw_bits(seeds: Tensor) -> None:
    """As many random numbers as fixations take, unless all candidates are rejected."""
    for step in range(LENGTH):
        draws.bits(seeds, step, "fixation 0", CANDIDATES if step else 1)


def _fixate(world: ImagesWorld, seeds: Tensor, scenes: Tensor) -> None:
    """What the policy does in a rollout, with its random bits."""
    episodes, policy = Episodes(world, seeds, scenes), world.policies["saliency"]
    for _ in range(LENGTH):
        episodes.append(policy(episodes))
