"""Environments seen through a frozen model: embeddings and aggregates in place of views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from torch import Tensor

from ..envs.batches import masked, present, read_actions
from ..envs.checks import check_name, check_whole
from ..envs.spaces import batch_spaces
from ..envs.tasks import Rows
from ..envs.tasks.task import GLIMPSE
from ..envs.vector_env import Output, SaccadeWorldVectorEnv
from ..seqjepa import SeqJEPA
from ..seqjepa.eval_mode import evaluated
from ..seqjepa.matching import check_match
from .memory import Memory, Seen

Bonus = Callable[[Rows, Seen, Seen], Tensor]
"""A reward beside the task's: the rows before an action, what they had seen and what they have seen now -> (N,)."""

Z, AGGREGATE, GOAL, GOAL_Z = "z", "aggregate", "goal", "goal_z"
_VIEWS = (GLIMPSE, GOAL)


class EncodedVectorEnv(VectorWrapper):
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
        TypeError: for another environment, or a model that does not aggregate.
        ValueError: for an environment in another mode or of a task that hides the views, a model for other actions or
            on another device, or values out of range.
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
        check_name("output", output, ("numpy", "torch"))
        check_whole("memory", memory, 1)
        self.base = _check_env(env)
        self.world = self.base.world
        check_model(model, self.world.device)
        check_match(model, self.world)
        super().__init__(env)
        self.model, self.memory_size, self.output, self.bf16 = model, memory, output, bf16
        self.bonus = bonus
        self.single_observation_space = self._encoded_space(self.base.single_observation_space)
        self.observation_space = batch_spaces(self.single_observation_space, self.num_envs)
        self.metadata = self.base.metadata | {"torch": output == "torch"}
        self._seen: Seen | None = None
        self._goals: Tensor | None = None

    @property
    def seen(self) -> Seen:
        """What all rows have seen: a value, which no later step changes.

        Raises:
            RuntimeError: before the first reset.
        """
        if self._seen is None:
            raise RuntimeError("the environment has no episode yet: call reset() first")
        return self._seen

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """As the environment's own."""
        observation, info = self.base.reset(seed=seed, options=options)
        begun = (self.base.rows.steps == 0).nonzero()[:, 0]
        with evaluated(self.model), self._autocast():
            self._begin(begun, self._encode(observation[GLIMPSE][begun]), observation)
        return present(self._observe(observation, self.seen), self.output), self._hand_out(info)

    def step(self, actions: Any) -> tuple[dict[str, Any], Any, Any, Any, dict[str, Any]]:
        """As the environment's own; `info["final_obs"]`, too, holds embeddings."""
        rows, before = self.base.rows, self.seen
        observation, rewards, terminations, truncations, info = self.base.step(actions)
        sent = self.base.task.commands(rows, read_actions(actions, self.base.action_space).to(self.world.device))
        with evaluated(self.model), self._autocast():
            if "final_obs" not in info:
                after = self._seen = self._look(before, sent, self._encode(observation[GLIMPSE]))
            else:
                last, ended = info["final_obs"], info["_final_obs"].nonzero()[:, 0]
                views = torch.cat([observation[GLIMPSE], last[GLIMPSE][ended]])
                z, last_z = self._encode(views).split([self.num_envs, len(ended)])
                after = self._seen = self._look(before, sent, z.index_copy(0, ended, last_z))
                info = info | masked({"final_obs": self._observe(last, after)}, info["_final_obs"])
                self._begin(ended, z[ended], observation)
            if self.bonus is not None:
                rewards = rewards + self.bonus(rows, before, after)
        outcome = (rewards, terminations, truncations)
        if self.output == "numpy":
            outcome = tuple(part.cpu().numpy() for part in outcome)
        return present(self._observe(observation, self.seen), self.output), *outcome, self._hand_out(info)

    def _look(self, before: Seen, sent: Tensor, z: Tensor) -> Seen:
        return before.memory.after(sent, z).look_back(self.model)

    def _begin(self, rows: Tensor, z: Tensor, observation: Mapping[str, Tensor]) -> None:
        """Start with the first views of some rows, (R,) int64, whose embeddings are (R, D)."""
        fresh = Memory.begin(z, self.memory_size, self.world.action_dim).look_back(self.model)
        self._seen = fresh if self._seen is None else self._seen.put(rows, fresh)
        if GOAL in observation:
            goals = self._encode(observation[GOAL][rows])
            self._goals = goals if self._goals is None else self._goals.index_copy(0, rows, goals)

    def _encode(self, views: Tensor) -> Tensor:
        return self.model.encode(views).float()

    def _observe(self, observation: Mapping[str, Tensor], seen: Seen) -> dict[str, Tensor]:
        goals = {} if self._goals is None else {GOAL_Z: self._goals}
        others = {key: value for key, value in observation.items() if key not in _VIEWS}
        return {Z: seen.memory.z[:, -1], AGGREGATE: seen.aggregates} | goals | others

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.world.device.type, torch.bfloat16, enabled=self.bf16)

    def _hand_out(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """An info of tensors, some of them in dictionaries."""
        if self.output == "torch":
            return dict(info)
        return {
            key: self._hand_out(value) if isinstance(value, Mapping) else value.cpu().numpy()
            for key, value in info.items()
        }

    def _encoded_space(self, space: spaces.Space) -> spaces.Dict:
        assert isinstance(space, spaces.Dict)
        if GLIMPSE not in space.spaces:
            raise ValueError(f"the task {self.base.task.name!r} hides the views, so that there is nothing to encode")
        config = self.model.config
        encoded: dict[str, spaces.Space] = {Z: _vector(config.embedding_dim), AGGREGATE: _vector(config.token_dim)}
        if GOAL in space.spaces:
            encoded[GOAL_Z] = _vector(config.embedding_dim)
        return spaces.Dict(encoded | {key: entry for key, entry in space.spaces.items() if key not in _VIEWS})


def check_model(model: object, device: torch.device) -> None:
    """Refuse what is not seq-JEPA, or not on the device of a world.

    Raises:
        TypeError, ValueError: naming it.
    """
    if not isinstance(model, SeqJEPA):
        raise TypeError(f"agents look back by the aggregates of seq-JEPA, and a {type(model).__name__} has none")
    found = next(model.parameters()).device
    if found != device:
        raise ValueError(f"the model is on {found}, the world on {device}: use one device for both")


def _check_env(env: VectorEnv) -> SaccadeWorldVectorEnv:
    if not isinstance(env, SaccadeWorldVectorEnv):
        raise TypeError(f"{env} is not the native vector environment: give that of gym.make_vec itself, unwrapped")
    if env.output != "torch" or env.autoreset_mode != AutoresetMode.SAME_STEP:
        given = f"output={env.output!r}, autoreset_mode={env.autoreset_mode.value!r}"
        raise ValueError(f'the environment must have output="torch" and autoreset_mode="SameStep", got {given}')
    return env


def _vector(width: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (width,), np.float32)
