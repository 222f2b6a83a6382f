"""What tasks will cost, before any is begun."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from ...seqjepa.cost import encoding_operations
from ...seqjepa.methods import METHODS
from .runs import Runs, Task
from .scale import Plan

HEADER = ["training", "seed", "left to do", "steps", "10^15 operations", "hours"]
_SECONDS = 2.0  # of measuring
_PIXELS = 128 * 32 * 32  # of a batch: large views take long on a CPU


def estimate(tasks: Sequence[Task], runs: Runs) -> tuple[list[list[str]], str]:
    """A row for each task that is not done, and what to make of the last column.

    The hours are those of the trainings' own arithmetic at the rate that this machine reaches, which is measured here
    for two seconds on the encoder of the first task.
    """
    left = [(task, runs.left(task)) for task in tasks]
    left = [(task, what) for task, what in left if what]
    if not left:
        return [HEADER], "Nothing is left to do."
    rate = reached_rate(runs.plan(left[0][0]), runs.device)
    rows, total = [HEADER], 0
    for task, what in left:
        plan = runs.plan(task)
        costs = plan.operations if "training" in what and task.training.trained else 0
        total += costs
        steps = plan.training.steps if costs else 0
        hours = costs / rate / 3600
        rows.append(
            [task.training.name, str(task.seed), ", ".join(what), f"{steps:,}", f"{costs / 1e15:.3g}", f"{hours:.2g}"]
        )
    note = (
        f"{len(left)} of {len(tasks)} tasks, {total / 1e15:.3g} x 10^15 operations in training: "
        f"{total / rate / 3600:.2g} hours on this device at the {rate / 1e9:.3g} x 10^9 operations/s that the encoder "
        "reaches on it now, forward and backward. Making views, optimiser and measurements come on top."
    )
    return rows, note


def reached_rate(plan: Plan, device: str) -> float:
    """Operations per second of the encoder's forward and backward passes, on a device."""
    model = METHODS[plan.method].from_config(plan.config).to(device).train()
    batch = max(2, _PIXELS // (plan.view_shape[1] * plan.view_shape[2]))
    views = torch.zeros(batch, *plan.view_shape, dtype=torch.uint8, device=device)

    def step() -> float:
        """One pass, and the time at its end: a number from the device waits for it."""
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=plan.training.bf16):
            z = model.encode(views)
        z.sum().backward()
        z.sum().item()
        return time.perf_counter()

    step()
    start, count, now = time.perf_counter(), 0, 0.0
    while (now := step()) - start < _SECONDS:
        count += 1

    return 3 * (count + 1) * batch * encoding_operations(plan.config, plan.view_shape) / (now - start)
