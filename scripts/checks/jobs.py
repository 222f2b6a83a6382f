"""Small real work on a device: a rollout and a step of training in each of two worlds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from .finding import Finding, examine

_WORLDS: dict[str, dict[str, Any]] = {
    "images": {"count": 4, "size": 32, "fovea": 8},
    "objects": {"count": 2, "size": 16},
}


def examine_work(device: str) -> Iterator[Finding]:
    """A job for each world; device: "cpu" or, say, "cuda:0"."""
    remedy = "see what is broken above" if device == "cpu" else 'use device="cpu", or other versions of torch and warp'
    for world in _WORLDS:
        about = f"{world} on {device}"
        yield examine(about, partial(_job, about, world, device), remedy)


def _job(about: str, name: str, device: str) -> Finding:
    import torch

    from ...envs.worlds import make_world
    from ...seqjepa import SeqJEPA
    from ...seqjepa.training import Trainer, TrainingConfig

    start = time.perf_counter()
    world = make_world(name, device=device, **_WORLDS[name])
    model = SeqJEPA(world.action_dim, "small", encoder_width=4, action_embedding_dim=8, layers=1, heads=2)
    trainer = Trainer(model, world, TrainingConfig(steps=1, batch_size=4, length=3, log_every=1))
    before = [weight.clone() for weight in model.parameters()]
    trainer.run()
    if all(map(torch.equal, before, model.parameters())):
        raise ValueError("a step of training changed no weight")
    seconds, loss = time.perf_counter() - start, trainer.history[-1]["loss"]
    return Finding(about, "ok", f"a rollout and a step of training in {seconds:.1f} s, loss {loss:.3f}")
