"""How fast agents act and learn, beside what stable-baselines3 takes by itself on an environment that does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecMonitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from ...agents.agent import Agent
from ...agents.agent_config import AgentConfig
from ...envs.worlds import World, make_world
from ...seqjepa import SeqJEPA
from ...seqjepa.eval_mode import evaluated
from .figures import Figure, Plan

ROWS, STEPS = 64, 16
SIDE, FOVEA = 48, 16
MEMORIES = (1, 4, 8)


def measure_agents(plan: Plan) -> Iterator[Figure]:
    """All figures of `saccadeworld benchmark agent`: PPO on recognition, through a model with the encoder "small"."""
    world = make_world("images", count=256, size=SIDE, fovea=FOVEA, device=plan.device)
    model = SeqJEPA(world.action_dim, "small", action_embedding_dim=64, layers=2).to(world.device).eval()
    for memory in MEMORIES:
        options = {"n_steps": STEPS}
        agent = Agent.make(AgentConfig(memory=memory, options=options), world, model, ROWS)
        idle = _idle_twin(agent.learner)
        calls = {
            "acting": _acting(agent.learner),
            "acting, idle": _acting(idle),
            "learning": _learning(agent.learner),
            "learning, idle": _learning(idle),
            "model": _model_alone(model, world, memory),
        }
        times = plan.time(calls)
        for what in ("acting", "learning"):
            ours, theirs = times[what], times[f"{what}, idle"]
            yield Figure(
                f"{ROWS} rows, {memory} views remembered: {what}",
                ROWS * STEPS / ours.middle,
                "steps/s",
                ours.spread,
                "the same, on nothing",
                ROWS * STEPS / theirs.middle,
                ours.ratio(theirs),
                "at least 0.5",
            )
        yield Figure(
            f"{ROWS} rows, {memory} views remembered: acting, with the model",
            ROWS * STEPS / times["acting"].middle,
            "steps/s",
            times["acting"].spread,
            "the model alone",
            ROWS * STEPS / times["model"].middle,
            times["acting"].ratio(times["model"]),
        )


def _model_alone(model: SeqJEPA, world: World, memory: int) -> Callable[[], object]:
    """As many views and aggregates as acting takes at least."""
    batch = world.rollout(ROWS, memory, "uniform")

    def look() -> None:
        with evaluated(model):
            z = model.encode(batch.views)
            for _ in range(STEPS):
                z[:, -1] = model.encode(batch.views[:, -1])
                model.aggregate(z, batch.actions)

    return look


def _acting(learner: BaseAlgorithm) -> Callable[[], object]:
    """Observe, choose and step, as between two updates."""
    assert isinstance(learner, PPO)
    _, callback = learner._setup_learn(1 << 40)
    env = learner.env
    assert env is not None
    return lambda: learner.collect_rollouts(env, callback, learner.rollout_buffer, STEPS)


def _learning(learner: BaseAlgorithm) -> Callable[[], object]:
    """The same, with the update after it."""
    return lambda: learner.learn(ROWS * STEPS, log_interval=1 << 40, reset_num_timesteps=False)


class _Idle(VecEnv):
    """Rows that observe nothing, in given spaces, and never end."""

    def __init__(self, rows: int, observation_space: spaces.Dict, action_space: spaces.Space):
        self._nothing = {
            key: np.zeros((rows, *(space.shape or ())), space.dtype) for key, space in observation_space.spaces.items()
        }
        super().__init__(rows, observation_space, action_space)

    def reset(self) -> dict[str, np.ndarray]:
        return {key: value.copy() for key, value in self._nothing.items()}

    def step_async(self, actions: np.ndarray) -> None:
        pass

    def step_wait(self) -> VecEnvStepReturn:
        rows = self.num_envs
        return self.reset(), np.zeros(rows, np.float32), np.zeros(rows, bool), [{} for _ in range(rows)]

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        pass

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **options: Any) -> list[Any]:
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs


def _idle_twin(learner: BaseAlgorithm) -> PPO:
    """An algorithm of the same settings and spaces, with nothing around it."""
    assert isinstance(learner, PPO)
    assert isinstance(learner.observation_space, spaces.Dict)
    nothing = VecMonitor(_Idle(learner.n_envs, learner.observation_space, learner.action_space))
    return PPO(
        "MultiInputPolicy",
        nothing,
        policy_kwargs=learner.policy_kwargs,
        n_steps=learner.n_steps,
        batch_size=learner.batch_size,
        n_epochs=learner.n_epochs,
        device=learner.device,
    )
