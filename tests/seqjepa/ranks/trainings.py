"""Trainings that one process and two ranks are to do alike, in double precision, in which rounding does not matter."""

import signal
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from saccadeworld.seqjepa.optimisation import optimiser_tensors
from saccadeworld.seqjepa.ranks import whole
from saccadeworld.seqjepa.training import Trainer, TrainingConfig
from tiny import tiny_model, tiny_world
from tiny_baselines import SMALL, tiny_baseline
from torch import Tensor

STEPS = 2
CONFIG = TrainingConfig(
    steps=STEPS, batch_size=8, length=4, learning_rate=1e-2, warmup=0.3, clip=1e3, ema=0.9, bf16=False, log_every=1
)
MODELS = {
    "variance-covariance": {"regulariser_weight": 0.3},
    "sketched-gaussian": {"regulariser_weight": 0.3, "regulariser": "sketched-gaussian", "prediction": "prefixes"},
    "stop-gradient": {"target": "stop-gradient", "compatibility": "official"},
}
BASELINES = SMALL | {"context-ssl": {"kinds": (1, 1)}}


def exact_world():
    world = tiny_world()
    rollout = world.rollout

    def exact(*arguments):
        batch = rollout(*arguments)
        return replace(batch, actions=batch.actions.double(), poses=batch.poses.double())

    world.rollout = exact
    return world


@contextmanager
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def exact_model(name: str):
    with double_precision():
        return tiny_model(dropout=0.0, **MODELS[name]) if name in MODELS else tiny_baseline(name, **BASELINES[name])


def exact_trainer(name: str, parallel="ddp", **options) -> Trainer:
    return Trainer(exact_model(name), exact_world(), replace(CONFIG, **options), parallel=parallel)


def exactly_resumed(folder: Path, parallel="ddp") -> Trainer:
    with double_precision():
        return Trainer.resume(folder, exact_world(), parallel)


def stop_half_way(trainer: Trainer) -> None:
    """A report that presses Ctrl-C."""
    if trainer.step == STEPS // 2:
        signal.raise_signal(signal.SIGINT)


def outcome(trainer: Trainer, folder=None, report=lambda _: None) -> dict[str, Tensor]:
    """Gradients of the first step of a training, its history, and weights and optimiser in the end."""
    gradients: dict[str, Tensor] = {}

    def note(*_) -> None:
        for name, parameter in trainer.model.named_parameters():
            if parameter.grad is not None:
                gradients.setdefault(f"gradient of {name}", whole(parameter.grad).clone().contiguous())

    trainer.optimiser.register_step_pre_hook(note)
    trainer.run(folder, report)
    weights = {name: whole(tensor).clone().contiguous() for name, tensor in trainer.model.state_dict().items()}
    terms = trainer.history[0].keys() - {"seconds", "spread"}  # spread is a mean over ranks, not one over all rows
    history = {term: torch.tensor([e[term] for e in trainer.history], dtype=torch.float64) for term in sorted(terms)}
    return gradients | history | weights | optimiser_tensors(trainer.optimiser, trainer.model)


def mismatches(left: dict[str, Tensor], right: dict[str, Tensor]) -> list[str]:
    assert left.keys() == right.keys()
    return [name for name in left if not torch.allclose(left[name], right[name], rtol=1e-7, atol=1e-9)]
