"""saccadeworld glimpses: what choosing where to look is worth, as accuracy by number of glimpses, for many policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from ..agents.agent import Agent
from ..agents.agent_policy import AgentPolicy
from ..agents.glimpses import FromStart, GlimpsesConfig, accuracy_by_glimpses
from ..agents.planning.expected_evidence import EvidenceConfig, ExpectedEvidence
from ..agents.planning.planner import PlannerConfig
from ..agents.planning.policies import PlanningPolicy
from ..envs.checks import check_name
from ..envs.progress import progress
from ..envs.rollout import Policy
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import check_seed, first_episode
from ..seqjepa.initial_model import untrained_twin
from ..seqjepa.matching import check_optics
from .command import run_command
from .figures import curves
from .options import WorldOptions
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import as_numbers, format_table, summary, with_spread

PLANNER, UNTRAINED = "planner", "untrained model"
_NOTE = (
    "Every episode begins where those of tasks do, and goes on as its policy chooses. After so many views a linear "
    "classifier names the class from the aggregate of the frozen model; it is fitted on the same policy's episodes in "
    "the training split and as many of uniform fixations, with the decay that suits scenes it was not fitted on, and "
    "scored on unseen scenes. Mean ± standard deviation over seeds, if there are several."
)
PolicyIn = Callable[[World], Policy]


@dataclass(frozen=True)
class Glimpses:
    """Compare policies by what a frozen model can tell of the class after one glimpse, two, three and so on.

    Prints a table, and leaves metrics.json and report.html with the figure. The level of chance, and the model's
    untrained twin, are beside the policies.

    For example: saccadeworld glimpses --model runs/model/model --agents runs/agent/best --out runs/glimpses

    Attributes:
        model: the folder of a checkpoint of seq-JEPA.
        out: the folder of the results.
        world: which world, with both splits of its source.
        policies: of the world, by name; all of them when left out. "object" knows where the object is.
        agents: folders of agents that `train-agent` left; those that differ in their seed alone make one row.
        plan: whether the planner takes part, which looks where it expects most evidence of the true class.
        planner: how it plans.
        evidence: how it learns what to expect; `seeds` takes the place of its seed.
        memory: views that it looks back at.
        glimpses: how to measure; `seeds` takes the place of its seed.
        seeds: of episodes; agents are measured with the seed they were trained with.
        device: "cpu" or "cuda".
    """

    model: Path
    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    policies: tuple[str, ...] = ()
    agents: tuple[Path, ...] = ()
    plan: bool = False
    planner: PlannerConfig = field(default_factory=lambda: PlannerConfig(candidates=64, iterations=0))
    evidence: EvidenceConfig = field(default_factory=EvidenceConfig)
    memory: int = 4
    glimpses: GlimpsesConfig = field(default_factory=GlimpsesConfig)
    seeds: tuple[int, ...] = (0, 1, 2)
    device: str = "cpu"

    def run(self) -> None:
        for seed in self.seeds:
            check_seed(seed)
        model = SeqJEPA.load(self.model, device=self.device)
        out = prepare_folder(self.out)
        train = self.world.make("train", self.device, lambda world: self._agents(model, world))
        test = self.world.make("test", self.device)
        agents = self._agents(model, train)
        twin = untrained_twin(model, self.seeds[0])
        jobs = list(self._jobs(model, twin, train, agents))
        found: dict[str, list[list[float]]] = {}
        for label, sees, seed, policy_in in progress(jobs, "looking"):
            config = replace(self.glimpses, seed=seed)
            found.setdefault(label, []).append(accuracy_by_glimpses(sees, train, test, policy_in, config))
        chance = torch.bincount(test.labels).max().item() / len(test)
        self._write(out, train, test, found, chance)

    def _agents(self, model: SeqJEPA, world: World) -> list[Agent]:
        """The agents, if they, the policies and the model belong to a world of this kind."""
        check_optics(model, world)
        for name in self.policies:
            check_name("--policies", name, world.policies)
        return [Agent.load(folder, world) for folder in self.agents]

    def _jobs(
        self, model: SeqJEPA, twin: SeqJEPA, train: World, agents: Sequence[Agent]
    ) -> Iterator[tuple[str, SeqJEPA, int, PolicyIn]]:
        """Rows of the table, and what is to be measured for them: by which model, with which seed, of whom."""
        names = self.policies or tuple(train.policies)
        for seed in self.seeds:
            for name in names:
                yield name, model, seed, lambda world, name=name: FromStart(world.policy(name))
            if self.plan:
                planner = self._planner(model, train, seed)
                yield PLANNER, model, seed, lambda world, planner=planner: planner
            yield f"{names[0]}, {UNTRAINED}", twin, seed, lambda world: FromStart(world.policy(names[0]))
        for agent in agents:
            policy = AgentPolicy(agent)
            yield label_of(agent), model, agent.config.seed, lambda world, policy=policy: policy

    def _planner(self, model: SeqJEPA, train: World, seed: int) -> PlanningPolicy:
        config = replace(self.evidence, seed=first_episode("probing", seed))
        evidence = ExpectedEvidence.fit(model, train, FromStart(train.policy("uniform")), config)
        return PlanningPolicy(model, evidence, self.planner, self.memory)

    def _write(
        self, out: Path, train: World, test: World, found: Mapping[str, list[list[float]]], chance: float
    ) -> None:
        header = ["who looks", *(str(views) for views in range(1, self.glimpses.views + 1))]
        accuracies = {label: list(zip(*runs, strict=True)) for label, runs in found.items()}
        means = {label: [summary(at) for at in points] for label, points in accuracies.items()}
        rows = [[label, *map(with_spread, points)] for label, points in accuracies.items()]
        rows.append(["commonest class", *[f"{chance:.3f}"] * self.glimpses.views])
        report = Report(f"Glimpses: {test.name}")
        report.text(_NOTE)
        report.figures(
            "Accuracy on unseen scenes by the number of glimpses.",
            curves(header[1:], means, {}, "accuracy by number of glimpses", "glimpses", "accuracy"),
        )
        report.table(header, rows)
        metrics = as_numbers(
            {
                f"glimpses/{label}/{views}": at
                for label, points in accuracies.items()
                for views, at in enumerate(points, 1)
            }
        )
        metrics["glimpses/chance"] = chance
        data = {"train": train.data_hash, "test": test.data_hash}
        report.write(out / "report.html", self, self.seeds, data)
        write_metrics(out, metrics, self.seeds[0], asdict(self), data=data, accuracies=dict(found))
        print(format_table([header, *rows]))
        print(f"the figure is in {out / 'report.html'}")


def label_of(agent: Agent) -> str:
    """Such as "ppo, free-viewing for evidence", or "ppo, recognition from views" without a model."""
    purpose = " for evidence" if agent.config.reward == "evidence" else ""
    seen = " from views" if agent.model is None else ""
    return f"{agent.config.algorithm}, {agent.config.task}{purpose}{seen}"


def main() -> None:
    run_command(Glimpses)


if __name__ == "__main__":
    main()
