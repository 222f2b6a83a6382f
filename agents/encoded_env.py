"""Environments seen through a frozen model: embeddings and aggregates in place of views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import Tensor

from ..envs.checks import check_flag
from ..envs.vector_env import Output
from ..seqjepa import SeqJEPA
from ..seqjepa.eval_mode import evaluated
from ..seqjepa.matching import check_optics
from .memory import Memory, Seen, check_aggregates
from .remembering_env import Bonus, RememberingVectorEnv, vector

Z, AGGREGATE, GOAL_Z = "z", "aggregate", "goal_z"


class EncodedVectorEnv(RememberingVectorEnv):
    """A vector environment whose observations hold a frozen model's embeddings in place of views.

    Observation: "z", (D,) float32, the embedding of the view; "aggregate", (W,) float32, that of the last views and the
    actions between them; "goal_z", (D,) float32, for tasks that show a goal; and what is no view, the pose, "step" and
    so on, as it was. Each view is encoded once.

    Args:
        env: the native vector environment, with `output="torch"` and autoreset mode SAME_STEP, for a task that shows
            its views.
        model: made for the world's actions, on its device; it is used in eval mode and never changed.
        memory: how many views are aggregated at most.
        bonus: what is added to the task's rewards.
        output: "numpy" arrays, or "torch" tensors on the world's device.
        bf16: whether to run the model under bfloat16 autocast.

    Raises:
        TypeError: for another environment, a model that does not aggregate, or a value of a wrong type.
        ValueError: for an environment in another mode or of a task that hides the views, a model for other actions or
            views or on another device, or values out of range.
    """

    def __init__(
        self,
        env: VectorEnv,
        model: SeqJEPA,
        *,
        memory: int = 8,
        bonus: Bonus | None = None,
        output: Output = "numpy",
        bf16: bool = False,
    ):
        super().__init__(env, memory, bonus, output)
        check_flag("bf16", bf16)
        if bonus is not None and not callable(bonus):
            raise TypeError(f"bonus={bonus!r}: give None, or a callable (rows, before, after) -> rewards")
        check_model(model, self.world.device)
        check_optics(model, self.world)
        self.model, self.bf16 = model, bf16
        z, aggregate = vector(model.config.embedding_dim), vector(model.config.token_dim)
        entries: dict[str, spaces.Space] = {Z: z, AGGREGATE: aggregate}
        self.set_space(entries | {GOAL_Z: z} if self.shows_goal else entries)

    def encode(self, views: Tensor) -> Tensor:
        return self.model.encode(views).float()

    def look_back(self, memory: Memory) -> Seen:
        return memory.look_back(self.model)

    def observe(self, seen: Seen, goals: Tensor | None) -> dict[str, Tensor]:
        entries = {Z: seen.memory.z[:, -1], AGGREGATE: seen.aggregates}
        return entries if goals is None else entries | {GOAL_Z: goals}

    @contextmanager
    def looking(self) -> Iterator[None]:
        """The model in eval mode, without gradients."""
        lower = torch.autocast(self.world.device.type, torch.bfloat16) if self.bf16 else nullcontext()
        with evaluated(self.model), lower:
            yield


def check_model(model: SeqJEPA, device: torch.device) -> None:
    """Refuse what is not seq-JEPA, or not on the device of a world.

    Raises:
        TypeError, ValueError: naming it.
    """
    check_aggregates(model)
    found = next(model.parameters()).device
    if found != device:
        raise ValueError(f"the model is on {found}, the world on {device}: use one device for both")
