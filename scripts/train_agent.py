"""saccadeworld train-agent: an agent learns a task, seeing through a frozen world model, or views themselves."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..agents.agent import Agent
from ..agents.agent_config import AgentConfig, Reward
from ..agents.agent_env import make_agent_env
from ..agents.belief import ClassBelief
from ..agents.glimpses import FromStart
from ..agents.training import LAST, Score, train_agent
from ..envs.checks import check_whole
from ..envs.json_files import read_json
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.checkpoint import has_checkpoint
from ..seqjepa.episode_seeds import first_episode
from ..seqjepa.training import Interrupted
from .acting import TaskName
from .command import run_command
from .options import WorldOptions, parsed_options
from .results import prepare_folder, write_atomically, write_metrics
from .run_file import read_run, write_run

SCORES = "scores.json"


@dataclass(frozen=True)
class TrainAgent:
    """Train an agent of stable-baselines3 on a task, and evaluate it on unseen scenes as it learns.

    Leaves in the folder `out`: agent/ (the agent as it is now), best/ (as it was when it scored highest), metrics.json
    (scores of the last evaluation), scores.json (of all), run.json (the options) and a TensorBoard log. Ctrl-C saves;
    `--resume` goes on with the options the run was started with. Algorithms with a replay buffer fill it anew.

    For example: saccadeworld train-agent --task recognition --algo ppo --model runs/model/model --out runs/agent

    Attributes:
        out: the folder of the results.
        task: what is to be learned.
        algo: "ppo" for any task; "dqn" for those with discrete actions, "sac" for those with continuous ones.
        model: the folder of a checkpoint of seq-JEPA, through which the agent sees; None for an agent that learns an
            encoder of its own from the last views.
        world: which world; the agent learns in its training split and is evaluated in its test split.
        task_options: more options of the task, as pairs of name and value: for instance actions box, where PPO would
            choose from a list.
        max_steps: actions after which an episode is cut; None for the usual number of the task.
        memory: views that are looked back at.
        reward: "task"; or "evidence", to which is added how much each view adds to a linear classifier's belief in the
            true class: in free viewing this teaches to look where there is something to recognise.
        network: widths of the hidden layers of policy and value.
        options: more options of the algorithm, as pairs of name and value: for instance learning_rate 0.001.
        steps: actions in training, of all rows together.
        rows: episodes side by side.
        evaluate_every: steps between two evaluations.
        evaluation_episodes: of each evaluation.
        seed: of weights, actions and episodes.
        device: "cpu" or "cuda".
        resume: go on with the run in `out`.
    """

    out: Path
    task: TaskName = "recognition"
    algo: Literal["ppo", "sac", "dqn"] = "ppo"
    model: Path | None = None
    world: WorldOptions = field(default_factory=WorldOptions)
    task_options: Mapping[str, str] = field(default_factory=dict)
    max_steps: int | None = None
    memory: int = 8
    reward: Reward = "task"
    network: tuple[int, ...] = (64, 64)
    options: Mapping[str, str] = field(default_factory=dict)
    steps: int = 100_000
    rows: int = 64
    evaluate_every: int = 20_000
    evaluation_episodes: int = 500
    seed: int = 0
    device: str = "cpu"
    resume: bool = False

    def run(self) -> None:
        if self.resume:
            return self._resumed()._train(_read_scores(self.out))
        if has_checkpoint(self.out / LAST):
            raise ValueError(f"--out {self.out} holds a run already: add --resume to go on with it, or choose another")
        self._check()
        prepare_folder(self.out)
        self._train(None)

    def _check(self) -> None:
        self._config()
        for name in ("steps", "rows", "evaluate_every", "evaluation_episodes"):
            check_whole(f"--{name.replace('_', '-')}", getattr(self, name), 1)

    def _train(self, earlier: list[Score] | None) -> None:
        """Train, from scratch or, with the scores of earlier evaluations, from where a run was stopped."""
        config = self._config()
        model = None if self.model is None else SeqJEPA.load(self.model, self.device)
        world = self.world.make("train", self.device, lambda world: self._attempt(config, world, model))
        test = self.world.make("test", self.device)
        belief = self._belief(model, world)
        log = str(self.out / "tensorboard")
        env = make_agent_env(config, test, model, self.rows, belief)
        if earlier is None:
            agent = Agent.make(config, world, model, self.rows, belief, log)
            write_run(self.out, self)
        else:
            agent = Agent.load(self.out / LAST, world, self.rows, belief, log)
        every, episodes = self.evaluate_every, self.evaluation_episodes
        scores = [] if earlier is None else earlier
        try:
            train_agent(agent, env, self.out, self.steps, every=every, episodes=episodes, scores=scores)
        except Interrupted:
            again = f"saccadeworld train-agent --out {shlex.quote(str(self.out))} --resume"
            print(f"\nstopped and saved after {agent.learner.num_timesteps} steps; to go on: {again}")
            raise
        finally:
            write_atomically(self.out / SCORES, json.dumps([asdict(score) for score in scores], indent=1) + "\n")
        last = scores[-1]
        metrics = {f"agent/{name}": value for name, value in last.as_metrics().items()}
        data = {"train": world.data_hash, "test": test.data_hash}
        write_metrics(self.out, metrics | {"agent/steps": last.steps}, self.seed, asdict(self), data=data)
        success = "" if last.success is None else f", success {last.success:.3f}"
        spread = f" ± {last.deviation:.3f} over episodes" if self.evaluation_episodes > 1 else ", of one episode"
        print(f"after {last.steps} steps: return {last.mean:.3f}{spread}{success}")

    def _attempt(self, config: AgentConfig, world: World, model: SeqJEPA | None) -> None:
        """Make the agent, but for evidence, which is fitted on many scenes."""
        Agent.make(config if model is None else replace(config, reward="task"), world, model, self.rows)

    def _config(self) -> AgentConfig:
        return AgentConfig(
            task=self.task,
            algorithm=self.algo,
            max_steps=self.max_steps,
            task_options=parsed_options(self.task_options),
            memory=self.memory,
            reward=self.reward,
            network=self.network,
            options=parsed_options(self.options),
            seed=self.seed,
        )

    def _belief(self, model: SeqJEPA | None, world: World) -> ClassBelief | None:
        if self.reward != "evidence" or model is None:
            return None
        policy = FromStart(world.policy("uniform"))
        return ClassBelief.fit(model, world, self.memory, policy=policy, seed=first_episode("probing", self.seed))

    def _resumed(self) -> TrainAgent:
        if self != TrainAgent(out=self.out, resume=True):
            raise ValueError("--resume goes on with the options that the run was started with: give only --out with it")
        return read_run(self.out, self._parsed)

    def _parsed(self, run: dict[str, Any]) -> TrainAgent:
        model = None if run["model"] is None else Path(run["model"])
        parsed = {
            "out": self.out,
            "model": model,
            "world": WorldOptions(**run["world"]),
            "network": tuple(run["network"]),
        }
        return TrainAgent(**run | parsed)


def _read_scores(out: Path) -> list[Score]:
    path = out / SCORES
    if not path.is_file():
        return []
    try:
        return [Score(**score) for score in read_json(path)]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} does not hold scores: {error}") from error


def main() -> None:
    run_command(TrainAgent)


if __name__ == "__main__":
    main()
