"""Recordings that are made once."""

import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from saccadeworld.envs.recordings.card import Card, content_hash
from saccadeworld.envs.recordings.chunks import Chunk
from saccadeworld.envs.recordings.formats import FILES, Format
from saccadeworld.envs.recordings.hdf5 import write_hdf5
from saccadeworld.envs.recordings.minari import write_minari
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.rollouts import record_rollout
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.recordings.webdataset import write_webdataset
from saccadeworld.envs.worlds import ImagesWorld

sys.path.append(str(Path(__file__).parent))  # where the tests of readers find what they share

SEED = 30


@pytest.fixture(scope="session")
def rollouts(images_world: ImagesWorld) -> list[Chunk]:
    """Ten episodes of three views, in two chunks."""
    return [record_rollout(images_world, "uniform", 3, *part, SEED) for part in ((0, 6), (6, 4))]


@pytest.fixture(scope="session")
def searches(images_world: ImagesWorld) -> list[Chunk]:
    """Seven episodes of a search, at most four actions long, in two chunks."""
    options: dict[str, Any] = {"world": images_world, "task": "search", "tolerance": 0.35, "max_episode_steps": 4}
    return [record_task(TapedVectorEnv(n, **options), act_at_random, first, SEED) for first, n in ((0, 4), (4, 3))]


@pytest.fixture
def make_recording(images_world: ImagesWorld, tmp_path: Path):
    """Writes chunks of the world `images_world` as a recording; returns its folder."""

    def make(chunks: list[Chunk], format: Format = "hdf5", **changes: Any) -> Path:
        episodes, rows = (sum(map(of, chunks)) for of in (lambda c: len(c.lengths), lambda c: int(c.lengths.sum())))
        folder = tmp_path / f"recording-{format}"
        place = folder / FILES[format]
        if format == "hdf5":
            write_hdf5(place, chunks, episodes, rows)
        elif format == "webdataset":
            write_webdataset(place, chunks, 40_000)
        else:
            env = TapedVectorEnv(1, world=images_world, task="search")
            write_minari(place, chunks, "saccadeworld/images-search-v0", gym.spec("SaccadeWorld-v0"), env, {})
        values: dict[str, Any] = {
            "world": "images",
            "source": "built in",
            "split": "train",
            "options": {},
            "optics": images_world.optics,
            "data_hash": images_world.data_hash,
            "classes": ("ant", "bee", "cat"),
            "pose_name": "fixation",
            "action_dim": 2,
            "view_shape": (12, 12, 3),
            "task": None,
            "policy": "the policy 'uniform'",
            "seed": SEED,
            "episodes": episodes,
            "views": rows,
            "actions": rows - episodes,
            "mean": (0.5, 0.4, 0.1 + 0.2),
            "std": (0.25, 0.2, 0.3),
            "content_hash": content_hash(chunks),
            "licence": "unknown: ask its owner",
            "versions": {"saccadeworld": "0"},
            "files": {format: FILES[format]},
        }
        Card(**values | changes).write(folder)
        return folder

    return make
