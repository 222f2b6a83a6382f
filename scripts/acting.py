"""Who acts in episodes that are recorded or filmed, and in which task: options of several commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from gymnasium.vector import VectorEnv

from ..agents.agent import Agent
from ..agents.agent_env import task_options
from ..agents.agent_player import seen_by
from ..agents.encoded_env import EncodedVectorEnv
from ..agents.glimpses import FromStart
from ..agents.planning.expected_evidence import EvidenceConfig, ExpectedEvidence
from ..agents.planning.policies import RecognitionPlanner, SearchPlanner
from ..envs.checks import check_whole
from ..envs.progress import progress
from ..envs.recordings.players import PolicyPlayer, act_at_random
from ..envs.recordings.tape import Player, TapedVectorEnv
from ..envs.registration import EPISODE_STEPS
from ..envs.rollout import Policy
from ..envs.tasks import Recognition
from ..envs.worlds import World
from ..seqjepa import SeqJEPA, load_model
from ..seqjepa.episode_seeds import first_episode
from ..seqjepa.evaluation import check_classes
from ..seqjepa.view_model import ViewModel
from .collectors import EXPLORE, PLANNER, check_planner, load_agent, make_collector
from .options import parsed_options
from .recorders import Begin, Recorder, RolloutRecorder, TaskRecorder

SEARCH, RECOGNISE = "search", "recognise"
_PLANNERS = (EXPLORE, SEARCH, RECOGNISE)
_EVIDENCE = EvidenceConfig(episodes=6000, seed=first_episode("probing", 0))  # learned in a minute
TaskName = Literal["free-viewing", "path-integration", "homing", "recognition", "search"]


@dataclass(frozen=True)
class Acting:
    """Who acts, and in what.

    Attributes:
        task: a task, whose episodes are made by its environment; None for rollouts, as training makes them.
        task_options: more options of the task, as pairs of name and value: for instance actions discrete.
        max_steps: actions after which an episode of the task is truncated; None for the usual number of the task.
        policy: who moves, by its name in the world. Without one it is the world's default in rollouts; in a task
            actions are drawn from the action space.
        collector: who looks around in place of the policy: "explore", a planner that looks where `model` expects what
            is least like all it has seen; in the task "search" also "search", a planner that looks for the goal with
            `model`; in the task "recognition" also "recognise", one that looks where it expects most evidence of the
            class, which it learns from the training split first, and names the class when it is sure; or the folder of
            an agent that `train-agent` left: in rollouts it makes movements alone, in its own task it does as it
            learned to.
        model: the folder of the checkpoint of seq-JEPA that a planner plans with.
    """

    task: TaskName | None = None
    task_options: Mapping[str, str] = field(default_factory=dict)
    max_steps: int | None = None
    policy: str | None = None
    collector: str | None = None
    model: Path | None = None

    @property
    def agent(self) -> str | None:
        """The folder of the agent that acts, if one does."""
        return None if self.collector in _PLANNERS else self.collector

    def check(self) -> None:
        """Refuse options that cannot be together.

        Raises:
            TypeError, ValueError: naming them.
        """
        if self.task is None and (self.task_options or self.max_steps is not None):
            raise ValueError("--task-options and --max-steps are for a task: name it by --task, or leave them out")
        if self.max_steps is not None:
            check_whole("--max-steps", self.max_steps, 1)
        if self.policy is not None and self.collector is not None:
            raise ValueError(f"--policy {self.policy} and --collector {self.collector}: only one of them can move")
        if self.collector == SEARCH and self.task != SEARCH:
            raise ValueError(f"--collector {SEARCH} looks for a goal: add --task {SEARCH}, which shows one")
        if self.collector == RECOGNISE and self.task != Recognition.name:
            raise ValueError(f"--collector {RECOGNISE} names a class: add --task {Recognition.name}, which asks for it")
        if self.collector not in _PLANNERS and self.model is not None:
            planners = " or ".join(_PLANNERS)
            raise ValueError(f"--model {self.model} is for --collector {planners}: leave it out, or add that")
        if self.agent is not None and (self.task_options or self.max_steps is not None):
            raise ValueError("--task-options and --max-steps are those that the agent was trained with: leave them out")

    def recorder(self, world: World, length: int, seed: int, train: Callable[[], World]) -> Recorder:
        """What records the episodes.

        Args:
            world: where they take place.
            length: views of each episode, of rollouts.
            seed: of the first episode.
            train: makes the world over the training split, for who has to learn something from it first.

        Raises:
            FileNotFoundError, TypeError, ValueError: for a policy, a model, an agent or options of the task that do not
                exist, or do not fit the world.
        """
        model = None if self.model is None else load_model(self.model, device=world.device)
        if self.task is None:
            policy, mover = self._policy(world, model)
            return RolloutRecorder(world, mover, seed, policy, length)
        if self.agent is not None:
            agent = self._agent(world)
            task = task_options(agent.config)
            return TaskRecorder(world, f"the agent in {self.agent}", seed, task, partial(_begin_agent, agent))
        steps = EPISODE_STEPS[self.task] if self.max_steps is None else self.max_steps
        task = {"task": self.task, "max_episode_steps": steps, **parsed_options(self.task_options)}
        begin, mover = self._player(world, model, train)
        return TaskRecorder(world, mover, seed, task, begin)

    def _policy(self, world: World, model: ViewModel[Any] | None) -> tuple[Policy, str]:
        """Who moves, and in words."""
        collector = make_collector(self.collector, model, world)
        if collector is None:
            name = self.policy or next(iter(world.policies))
            return world.policy(name), f"the policy {name!r}"
        planner = f"a planner that explores with the model in {self.model}"
        return collector, planner if self.collector == EXPLORE else f"the agent in {self.agent}"

    def _player(self, world: World, model: ViewModel[Any] | None, train: Callable[[], World]) -> tuple[Begin, str]:
        """Who acts in a task that nobody has learned, and in words."""
        if self.collector == SEARCH:
            planner = f"a planner that searches with the model in {self.model}"
            return partial(_begin_search, check_planner(SEARCH, model)), planner
        if self.collector == RECOGNISE:
            planner = f"a planner that recognises with the model in {self.model}"
            chosen = check_planner(RECOGNISE, model)
            return partial(_begin_recognition, chosen, cache(partial(_learn_evidence, chosen, world, train))), planner
        if self.policy is None and self.collector is None:
            return lambda tape: (tape, act_at_random), "nobody: actions are drawn from the action space"
        policy, mover = self._policy(world, model)
        return lambda tape: (tape, PolicyPlayer(policy, tape)), mover

    def _agent(self, world: World) -> Agent:
        """That does its own task."""
        assert self.agent is not None
        agent = load_agent(self.agent, world)
        if agent.config.task != self.task:
            raise ValueError(f"--task {self.task}: the agent in {self.agent} was trained on {agent.config.task!r}")
        return agent


def _begin_agent(agent: Agent, tape: TapedVectorEnv) -> tuple[VectorEnv, Player]:
    return seen_by(agent, tape), agent.act


def _begin_search(model: SeqJEPA, tape: TapedVectorEnv) -> tuple[VectorEnv, Player]:
    seen = EncodedVectorEnv(tape, model, output="torch")
    return seen, SearchPlanner(seen)


def _begin_recognition(
    model: SeqJEPA, evidence: Callable[[], ExpectedEvidence], tape: TapedVectorEnv
) -> tuple[VectorEnv, Player]:
    seen = EncodedVectorEnv(tape, model, memory=_EVIDENCE.views, output="torch")
    return seen, RecognitionPlanner(seen, evidence, PLANNER)


def _learn_evidence(model: SeqJEPA, world: World, train: Callable[[], World]) -> ExpectedEvidence:
    """For episodes in a world, from the training split of its source."""
    with progress(bar_format="{desc}", leave=False) as line:
        line.set_description_str("learning where to expect evidence of the class")
        learned_in = train()
        check_classes(learned_in, world)
        return ExpectedEvidence.fit(model, learned_in, FromStart(learned_in.policy("uniform")), _EVIDENCE)
