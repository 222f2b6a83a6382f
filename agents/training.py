"""Training of agents: progress, evaluation on other scenes, the best agent kept, and where to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv

from ..envs.progress import Bar, progress
from ..seqjepa.interruption import DeferredInterrupt
from ..seqjepa.training import Interrupted
from .agent import Agent

LAST, BEST = "agent", "best"


@dataclass(frozen=True)
class Score:
    """How an agent does without exploring.

    Attributes:
        steps: of training, when it was evaluated.
        mean: of the episodes' returns.
        deviation: of the episodes' returns.
        length: mean number of actions of an episode.
        success: share of episodes that succeeded, for tasks that know success.
    """

    steps: int
    mean: float
    deviation: float
    length: float
    success: float | None = None

    def as_metrics(self) -> dict[str, float]:
        """Flat names to numbers."""
        success = {} if self.success is None else {"success": self.success}
        return {"return": self.mean, "return/deviation": self.deviation, "length": self.length, **success}


def evaluate_agent(agent: Agent, env: VecEnv, episodes: int) -> Score:
    """The agent's greedy actions in episodes of an environment, which begins anew from its own seeds.

    Args:
        agent: which.
        env: made by `make_agent_env`, over other scenes than those of its training.
        episodes: how many.
    """
    successes: list[bool] = []

    def note(local: Mapping[str, object], _: object) -> None:
        info = local["info"]
        if local["done"] and isinstance(info, Mapping) and "is_success" in info:
            successes.append(bool(info["is_success"]))

    env.seed(0)
    returns, lengths = evaluate_policy(
        agent.learner, env, n_eval_episodes=episodes, return_episode_rewards=True, callback=note
    )
    return Score(
        steps=agent.learner.num_timesteps,
        mean=float(np.mean(returns)),
        deviation=float(np.std(returns)),
        length=float(np.mean(lengths)),
        success=float(np.mean(successes)) if successes else None,
    )


@dataclass
class Progress(BaseCallback):
    """What happens beside the learning: see `train_agent`."""

    agent: Agent
    env: VecEnv
    out: Path
    every: int
    episodes: int
    bar: Bar
    interrupt: DeferredInterrupt
    scores: list[Score] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def _on_step(self) -> bool:
        self.bar.update(self.num_timesteps - self.bar.n)
        last = self.scores[-1].steps if self.scores else 0
        if self.num_timesteps - last >= self.every:
            self.evaluate()
        return not self.interrupt.requested

    def evaluate(self) -> None:
        """Note a score, keep the agent, and keep it as the best one so far if it is."""
        score = evaluate_agent(self.agent, self.env, self.episodes)
        best = max((earlier.mean for earlier in self.scores), default=-np.inf)
        self.scores.append(score)
        for name, value in score.as_metrics().items():
            self.logger.record(f"evaluation/{name}", value)
        self.logger.dump(self.num_timesteps)
        self.agent.save(self.out / LAST)
        if score.mean > best:
            self.agent.save(self.out / BEST)
        self.bar.set_postfix_str(f"return {score.mean:.3f}")


def train_agent(
    agent: Agent,
    env: VecEnv,
    out: Path,
    steps: int,
    *,
    every: int = 10_000,
    episodes: int = 200,
    scores: list[Score] | None = None,
) -> list[Score]:
    """Train until an agent has taken a number of steps in all; returns its scores, the earlier ones first.

    Args:
        agent: which.
        env: to evaluate it in.
        out: a folder, in which "agent" is left and, of all evaluations, the "best".
        steps: actions of all rows together, those before counted in.
        every: steps between two evaluations.
        episodes: of each evaluation.
        scores: of earlier evaluations, when training goes on; those of this one are added to it.

    Raises:
        Interrupted: after Ctrl-C, once the agent is saved.
    """
    learner = agent.learner
    with (
        progress(activity="training the agent", total=steps, initial=learner.num_timesteps) as bar,
        DeferredInterrupt() as interrupt,
    ):
        callback = Progress(agent, env, out, every, episodes, bar, interrupt, [] if scores is None else scores)
        left = steps - learner.num_timesteps
        if left > 0:
            learner.learn(left, callback=callback, reset_num_timesteps=False)
        if interrupt.requested:
            agent.save(out / LAST)
            raise Interrupted
        if not callback.scores or callback.scores[-1].steps < learner.num_timesteps:
            callback.evaluate()
    return callback.scores
