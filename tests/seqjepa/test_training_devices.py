"""A whole training step, rollout and all, on a device that is not here: nothing in it looks at a value or waits."""

from contextlib import nullcontext

import pytest
import torch
from saccadeworld.envs.fixation_policies import fixation_policies
from saccadeworld.envs.picture_store import PictureStore
from saccadeworld.envs.retinas import Crop
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.seqjepa.training import Trainer, TrainingConfig
from test_devices import PRETENDED, pretend
from tiny import tiny_model, tiny_world
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode


@pytest.fixture(autouse=True)
def no_autocast(monkeypatch, request):
    """Which the pretended device does not have."""
    if "gpu" not in request.keywords:
        monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())


def pretended_trainer(mode: FakeTensorMode, policy: str) -> Trainer:
    config = TrainingConfig(steps=3, batch_size=4, length=3, policy=policy)
    trainer = Trainer(tiny_model(prediction="prefixes", regulariser_weight=0.1), tiny_world(), config)
    pretend(trainer.model, mode)
    trainer.optimiser = torch.optim.AdamW([p for p in trainer.model.parameters() if p.requires_grad])
    world = trainer.world
    with mode:
        world.device = torch.device(f"{PRETENDED}:0")
        world.pictures, world.labels = (
            torch.zeros(x.shape, dtype=x.dtype, device=world.device) for x in (world.pictures, world.labels)
        )
        world.retina = Crop(world.pictures, world.fovea)
        there = PictureSet(world.pictures, world.labels, world.classes)
        world._store = PictureStore(there, world.device)
        world._policies = fixation_policies(there, world.fovea, world.device)
    return trainer


@pytest.mark.parametrize("policy", ["uniform", "nearby", "saliency"])
def test_a_step_on_a_pretended_device(policy):
    mode = FakeTensorMode(allow_non_fake_inputs=False)
    trainer = pretended_trainer(mode, policy)
    with mode:
        parts = trainer.optimise(trainer.collect())
    assert {part.device.type for part in parts.values()} == {PRETENDED}


def test_a_look_at_a_value_is_noticed(monkeypatch):
    """The check above can fail."""
    mode = FakeTensorMode(allow_non_fake_inputs=False)
    trainer = pretended_trainer(mode, "uniform")
    loss_parts = trainer._loss_parts

    def curious(batch):
        parts = loss_parts(batch)
        assert parts["loss"] < 10
        return parts

    monkeypatch.setattr(trainer, "_loss_parts", curious)
    with mode, pytest.raises(DataDependentOutputException):
        trainer.optimise(trainer.collect())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("policy", ["uniform", "nearby", "saliency"])
def test_a_step_on_cuda_does_not_wait(policy):
    config = TrainingConfig(steps=3, batch_size=4, length=3, policy=policy)
    trainer = Trainer(tiny_model(), tiny_world(device="cuda"), config)
    trainer.model.train()
    trainer.optimise(trainer.collect())  # saliency maps and the optimiser's state are made in the first
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.optimise(trainer.collect())
    finally:
        torch.cuda.set_sync_debug_mode("default")
