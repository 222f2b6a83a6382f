"""Environments do not grow with the steps that are taken."""

import subprocess
import sys

import pytest

STEPS = """
import sys, resource, torch, numpy as np, gymnasium as gym, saccadeworld
from pathlib import Path
torch.set_num_threads(1)

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

world, rows, size, steps = sys.argv[1], *map(int, sys.argv[2:])
env = gym.make_vec("SaccadeWorld-v0", rows, world=world, count=8, size=size, max_episode_steps=50,
                   autoreset_mode="SameStep", **({"fovea": 8} if world == "images" else {}))
env.action_space.seed(0)
env.reset(seed=0)
actions = [env.action_space.sample() for _ in range(20)]

def take(count):
    for i in range(count):
        env.step(actions[i % 20])

take(150)
before = resident()
take(steps // rows)
print(resident() - before)
"""


def growth(*arguments: object) -> float:
    """MB by which a process of its own grew over its steps, after some to warm up."""
    words = [sys.executable, "-c", STEPS, *map(str, arguments)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("world", "rows", "size", "steps"),
    [("images", 1000, 32, 1_000_000), ("objects", 50, 8, 10_000)],
    ids=["a million among pictures", "among objects"],
)
def test_memory_does_not_grow_with_steps(world: str, rows: int, size: int, steps: int):
    """With rewards, ends and new episodes: 20,000 or 200 of them."""
    assert growth(world, rows, size, steps) < 5
