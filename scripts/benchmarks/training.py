"""How fast training is: a step beside the released code's and its encoder alone, and the share that worlds take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ...envs.rollout import Rollout
from ...envs.worlds import World, make_world
from ...seqjepa import SeqJEPA
from ...seqjepa.freed_memory import freed_memory_kept
from ...seqjepa.initial_model import initial_model
from ...seqjepa.training import Trainer, TrainingConfig
from .environments import noise_world
from .figures import Figure, Plan
from .other_process import OtherProcess
from .released_step import ReleasedStep

ENCODER, BATCH, VIEWS = "resnet18-cifar", 64, 5
PICTURES, OBJECTS = 1000, 64
SMALL_BATCH, SMALL_VIEWS = 128, 4
STEPS = 3  # after which losses are compared
RATE, DECAY, TAU = 4e-4, 1e-3, 0.996
AIMS = {False: "at least 1.3", True: "at least 1.2"}
WORLDS: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "images": ({"count": PICTURES, "size": 48, "fovea": 16}, "saliency", "at most 10"),
    "objects": ({"count": OBJECTS, "size": 32}, "uniform", "at most 25"),
}


def measure_training(plan: Plan) -> Iterator[Figure]:
    """All figures of `saccadeworld benchmark train`, one after the other."""
    for bf16 in AIMS:
        yield from _steps(plan, bf16)
    for name, (options, policy, aim) in WORLDS.items():
        yield _share_of_world(make_world(name, device=plan.device, **options), policy, aim, plan)


def make_trainer(world: World, encoder: str, batch: int, views: int, policy: str, bf16: bool) -> Trainer:
    """The released model and its settings, as far as they are no matter of size; its rate does not change."""
    config = TrainingConfig(
        steps=10**9,
        batch_size=batch,
        length=views,
        policy=policy,
        learning_rate=RATE,
        warmup=0.0,
        weight_decay=DECAY,
        ema=TAU,
        clip=math.inf,
        bf16=bf16,
    )
    model = initial_model("seq-jepa", world, config, encoder=encoder, compatibility="official")
    trainer = Trainer(model, world, config)
    model.train()
    return trainer


def released_step(trainer: Trainer, batch: Rollout) -> Callable[[], float]:
    """The released code's step from the trainer's weights on a batch that is float32 and normalised already."""
    model = trainer.model
    assert isinstance(model, SeqJEPA)
    step, views = ReleasedStep(model, RATE, DECAY, TAU, trainer.config.bf16), _normalised(model, batch)
    return lambda: step(views, batch.actions)


def _normalised(model: SeqJEPA, batch: Rollout) -> Tensor:
    """The views as the encoder takes them, float32."""
    return (batch.views * model.pixel_scale + model.pixel_shift).contiguous()


def _steps(plan: Plan, bf16: bool) -> Iterator[Figure]:
    trainer = _trainer(plan.device, bf16)
    batch = trainer.collect()
    released = released_step(trainer, batch)
    kind = "bfloat16" if bf16 else "float32"
    title = f"{ENCODER}, {BATCH} sequences of {VIEWS} views, {kind}"
    yield _difference(f"{title}: losses after {STEPS} steps", trainer, batch, released)
    with freed_memory_kept(plan.device), OtherProcess(_released_elsewhere, plan.device, bf16) as elsewhere:
        calls = {
            "step": lambda: trainer.optimise(batch),
            "released": elsewhere,
            "released beside": released,
            "encoder": _encoder_alone(trainer, batch),
        }
        times = plan.time(calls)
    for other, what, beside, aim in (
        ("released", "step", "the released step", AIMS[bf16]),
        ("released beside", "step, memory kept for both", "the released step", ""),
        ("encoder", "step, and its encoder", "its encoder alone", ""),
    ):
        yield Figure(
            f"{title}: {what}",
            BATCH / times["step"].middle,
            "sequences/s",
            times["step"].spread,
            beside,
            BATCH / times[other].middle,
            times["step"].ratio(times[other]),
            aim,
        )


def _trainer(device: torch.device, bf16: bool) -> Trainer:
    return make_trainer(noise_world(PICTURES, device=device), ENCODER, BATCH, VIEWS, "uniform", bf16)


def _released_elsewhere(device: torch.device, bf16: bool) -> Callable[[], float]:
    """The same in a process whose memory is as PyTorch and the system have it, as for the released code."""
    trainer = _trainer(device, bf16)
    return released_step(trainer, trainer.collect())


def _difference(name: str, trainer: Trainer, batch: Rollout, released: Callable[[], float]) -> Figure:
    """How far the two losses are apart after some steps from the same weights with the same dropout."""
    ours = theirs = math.nan
    for step in range(STEPS):
        torch.manual_seed(step)
        ours = float(trainer.optimise(batch)["prediction"])
        torch.manual_seed(step)
        theirs = released()
    return Figure(name, theirs, "", beside="ours", limit=ours, ratio=ours / theirs, aim="1, within the precision")


def _encoder_alone(trainer: Trainer, batch: Rollout) -> Callable[[], None]:
    """Forward and backward through the encoder, and the targets: what no step can do without."""
    model, bf16 = trainer.model, trainer.config.bf16
    assert isinstance(model, SeqJEPA)
    target = model.target_encoder
    assert target is not None
    views = _normalised(model, batch)
    observed, last = views[:, :-1].flatten(0, 1), views[:, -1]

    def run() -> None:
        with torch.autocast(views.device.type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                target(last)
            z = model.encoder(observed)
        z.float().sum().backward()
        model.zero_grad()

    return run


def _share_of_world(world: World, policy: str, aim: str, plan: Plan) -> Figure:
    """What part of a step with the encoder "small" goes into episodes."""
    trainer = make_trainer(world, "small", SMALL_BATCH, SMALL_VIEWS, policy, bf16=True)
    calls = {"world": trainer.collect, "step": lambda: trainer.optimise(trainer.collect())}
    with freed_memory_kept(plan.device):
        times = plan.time(calls)
    share = 100 * times["world"].middle / times["step"].middle
    name = f"{world.name}: share of the world in a step, encoder small"
    return Figure(name, share, "%", times["step"].spread, aim=aim)
