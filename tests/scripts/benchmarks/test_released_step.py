import pytest
import torch
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts.benchmarks.training import make_trainer, released_step


def trainer(bf16: bool = False):
    world = make_world("images", count=6, size=32, fovea=8)
    return make_trainer(world, "small", batch=6, views=4, policy="uniform", bf16=bf16)


@pytest.mark.parametrize("bf16", [False, True])
def test_it_learns_what_ours_learns(bf16: bool):
    """The same weights after every step, and so the same losses, dropout included."""
    own = trainer(bf16)
    batch = own.collect()
    step = released_step(own, batch)
    for seed in range(4):
        torch.manual_seed(seed)
        loss = float(own.optimise(batch)["prediction"])
        torch.manual_seed(seed)
        assert step() == pytest.approx(loss, abs=2e-2 if bf16 else 2e-4)
