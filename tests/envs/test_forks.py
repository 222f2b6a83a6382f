import os
import subprocess
import sys

import pytest

SCRIPT = """
import torch
torch.set_num_threads(2)
torch.rand(2**20, dtype=torch.float64).exp()  # starts threads, which no fork takes along
import gymnasium as gym, saccadeworld
options = {"num_envs": 2, "vectorization_mode": "async", "vector_kwargs": {"context": "fork"}, "count": 4}
env = gym.make_vec("SaccadeWorld/AugmentationsSearch-v0", **options)
env.reset(seed=0)
env.step(env.action_space.sample())
env.close()
print(torch.get_num_threads(), "threads here")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_workers_do_not_wait_for_threads_of_their_parent():
    environment = os.environ | {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=100)
    assert "2 threads here" in done.stdout, done.stderr
