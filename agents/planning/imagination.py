"""What a model expects to see: its predictions, fed back to it as if they had been seen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ...seqjepa import SeqJEPA
from ..memory import Memory, Seen


@dataclass(frozen=True)
class Imagined:
    """What P sequences of H actions are expected to show each of N rows.

    Attributes:
        before: what the rows have really seen.
        actions: (N, P, H, A) float32, of the sequences.
        z: (N, P, H, D) float32, predicted embeddings, as long as those that the row has seen.
        memory: of N P rows, those of a row next to each other, after the last action.
    """

    before: Seen
    actions: Tensor
    z: Tensor
    memory: Memory

    @property
    def first_step(self) -> tuple[Tensor, Tensor]:
        """What the predictor is told at first: aggregates, (N P, W), and actions, (N P, A)."""
        plans = self.actions.shape[1]
        return self.before.aggregates.repeat_interleave(plans, dim=0), self.actions[:, :, 0].flatten(0, 1)


def imagine(model: SeqJEPA, before: Seen, actions: Tensor) -> Imagined:
    """Let the model predict view after view; what it has predicted counts as seen when it predicts the next.

    Only the direction of predictions is trained, so that their length is set to the mean length of the embeddings that
    the row remembers.

    Args:
        model: in eval mode.
        before: what N rows have seen.
        actions: (N, P, H, A) float32, with H >= 1.
    """
    rows, plans, horizon, _ = actions.shape
    length = _mean_length(before.memory).repeat_interleave(plans)[:, None]
    memory, aggregates = before.memory.repeat(plans), before.aggregates.repeat_interleave(plans, dim=0)
    predictions = []
    for step in range(horizon):
        if step > 0:
            aggregates = memory.aggregate(model)
        action = actions[:, :, step].flatten(0, 1)
        z = functional.normalize(model.predict(aggregates, action).float(), dim=-1) * length
        memory = memory.after(action, z)
        predictions.append(z)
    return Imagined(before, actions, torch.stack(predictions, dim=1).unflatten(0, (rows, plans)), memory)


def _mean_length(memory: Memory) -> Tensor:
    """(N,), of the embeddings that are remembered; those that are not there are zeros."""
    return torch.linalg.vector_norm(memory.z, dim=-1).sum(1) / memory.counts
