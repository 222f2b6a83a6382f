"""saccadeworld search: does planning in a model's predictions find what an agent without them finds later?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..agents.agent import Agent
from ..agents.encoded_env import EncodedVectorEnv
from ..agents.planning.horizon import HorizonConfig, horizon_errors
from ..agents.planning.planner import PlannerConfig
from ..agents.planning.policies import SearchPlanner
from ..agents.search_scores import AnyPose, Searcher, SearchScores, search_scores, straight_to_the_goal
from ..envs.checks import check_whole
from ..envs.progress import progress
from ..envs.tasks import Search as SearchTask
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import check_seed, first_episode
from ..seqjepa.initial_model import untrained_twin
from ..seqjepa.matching import check_optics
from .command import run_command
from .figures import curves
from .glimpses import label_of
from .options import WorldOptions
from .report import Report
from .results import prepare_folder, write_metrics
from .scores import as_numbers, format_table, summary, with_spread

_NOTE = (
    "A goal view is shown; the episode ends in success where the pose is within the tolerance of the goal's. The "
    "planner makes the movement whose predicted view is most like the goal's in the model's embeddings. All search in "
    "the same episodes, on unseen scenes; steps count all there were where the goal was not found. Mean ± standard "
    "deviation over seeds, if there are several."
)
_HORIZON = {
    "imagined": "fed with its own predictions",
    "told": "told all views until then",
    "unchanged": "the last view seen",
    "chance": "another episode's view",
}
Scored = Callable[[World, int], SearchScores]
"""What a searcher scores in a world, from the seed of the first episode."""


@dataclass(frozen=True)
class Search:
    """Search for goal views by planning, beside agents, chance and an oracle, and see how far ahead the model sees.

    Prints tables, and leaves metrics.json and report.html with figures.

    For example: saccadeworld search --model runs/model/model --agents runs/searcher/best --out runs/search

    Attributes:
        model: the folder of a checkpoint of seq-JEPA.
        out: the folder of the results.
        world: which world; its test split is searched.
        agents: folders of agents that `train-agent --task search` left; those that differ in their seed alone make one
            row.
        planner: how plans are looked for.
        memory: views that are looked back at.
        episodes: of each searcher and seed.
        limit: actions that an episode has at most.
        tolerance: the distance from the goal that counts as reached, in sides of the picture or in radians; None for
            the world's own.
        horizon: how the error of predictions is measured; `seeds` takes the place of its seed.
        seeds: of episodes.
        device: "cpu" or "cuda".
    """

    model: Path
    out: Path
    world: WorldOptions = field(default_factory=WorldOptions)
    agents: tuple[Path, ...] = ()
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    memory: int = 8
    episodes: int = 500
    limit: int = 20
    tolerance: float | None = None
    horizon: HorizonConfig = field(default_factory=HorizonConfig)
    seeds: tuple[int, ...] = (0, 1, 2)
    device: str = "cpu"

    def run(self) -> None:
        for seed in self.seeds:
            check_seed(seed)
        check_whole("--episodes", self.episodes, 1)
        check_whole("--limit", self.limit, 1)
        model = SeqJEPA.load(self.model, device=self.device)
        out = prepare_folder(self.out)
        world = self.world.make("test", self.device, lambda world: self._agents(model, world))
        agents = self._agents(model, world)
        twin = untrained_twin(model, self.seeds[0])
        found: dict[str, list[SearchScores]] = {}
        jobs = list(self._jobs(model, twin, agents))
        for label, seed, score in progress(jobs, "searching"):
            found.setdefault(label, []).append(score(world, first_episode("testing", seed)))
        errors = [horizon_errors(model, world, replace(self.horizon, seed=seed)) for seed in self.seeds]
        report = Report(f"Search: {world.name}")
        metrics = self._search_part(report, found) | self._horizon_part(report, errors)
        data = {"test": world.data_hash}
        report.write(out / "report.html", self, self.seeds, data)
        write_metrics(out, metrics, self.seeds[0], asdict(self), data=data)
        print(f"the figures are in {out / 'report.html'}")

    def _agents(self, model: SeqJEPA, world: World) -> list[Agent]:
        """The agents, if they search, and they and the model belong to a world of this kind."""
        check_optics(model, world)
        agents = [Agent.load(folder, world) for folder in self.agents]
        for agent in agents:
            if agent.config.task != SearchTask.name or agent.model is None:
                raise ValueError(f"--agents takes agents that search through a model, not {label_of(agent)!r}")
        return agents

    def _jobs(self, model: SeqJEPA, twin: SeqJEPA, agents: list[Agent]) -> Iterator[tuple[str, int, Scored]]:
        """Rows of the table, seeds, and what is to be done for them in a world from a first episode."""
        for seed in self.seeds:
            yield "planner", seed, self._searching(model, lambda env: SearchPlanner(env, self.planner))
            yield "planner, untrained model", seed, self._searching(twin, lambda env: SearchPlanner(env, self.planner))
            yield "chance", seed, self._searching(model, lambda _, seed=seed: AnyPose(seed))
            yield "oracle", seed, self._searching(model, lambda _: straight_to_the_goal)
        for agent in agents:
            yield label_of(agent), agent.config.seed, self._searching_agent(agent)

    def _searching(self, model: SeqJEPA, make: Callable[[EncodedVectorEnv], Searcher], **task: Any) -> Scored:
        options = {"episodes": self.episodes, "limit": self.limit, "memory": self.memory, "tolerance": self.tolerance}
        return lambda world, first: search_scores(model, world, make, seed=first, **options | task)

    def _searching_agent(self, agent: Agent) -> Scored:
        assert agent.model is not None
        form = {"actions": "discrete" if agent.discrete else "box", "memory": agent.config.memory}
        return self._searching(agent.model, lambda _: agent.act, **form)

    def _search_part(self, report: Report, found: Mapping[str, Sequence[SearchScores]]) -> dict[str, float]:
        """Put the searchers into the report and on the screen; their numbers, by name."""
        half = max(1, self.limit // 2)
        columns: dict[str, Callable[[SearchScores], float]] = {
            "success": lambda scores: scores.success,
            "steps": lambda scores: scores.mean_steps,
            f"within {half}": lambda scores: scores.within(half),
        }
        values = {
            label: {name: [of(scores) for scores in all_scores] for name, of in columns.items()}
            for label, all_scores in found.items()
        }
        drawn = {
            label: [summary([scores.within(step) for scores in all_scores]) for step in range(1, self.limit + 1)]
            for label, all_scores in found.items()
        }
        report.text(_NOTE)
        names = [str(step) for step in range(1, self.limit + 1)]
        shares = curves(names, drawn, {}, "goals found", "actions", "share of the goals")
        report.figures("Share of goals found after so many actions.", shares)
        _table(report, ["who searches", *columns], {label: list(own.values()) for label, own in values.items()})
        return as_numbers({f"search/{label}/{name}": at for label, own in values.items() for name, at in own.items()})

    def _horizon_part(self, report: Report, errors: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, float]:
        """Put the errors by horizon into the report and on the screen; their numbers, by name."""
        ahead = range(self.horizon.horizon)
        values = {name: [[error[name][step] for error in errors] for step in ahead] for name in _HORIZON}
        titled = {title: values[name] for name, title in _HORIZON.items()}
        names = [str(step + 1) for step in ahead]
        report.heading("How far ahead the model sees")
        report.text("1 - cosine between what is expected after so many actions and the embedding of what is then seen.")
        means = {title: [summary(at) for at in points] for title, points in titled.items()}
        drawn = curves(names, means, {}, "error of predictions", "actions ahead", "1 - cosine")
        report.figures("Error of predictions by the number of actions.", drawn)
        _table(report, ["what is expected", *names], titled)
        return as_numbers(
            {
                f"horizon/{name}/{step}": at
                for name, points in values.items()
                for step, at in zip(names, points, strict=True)
            }
        )


def _table(report: Report, header: list[str], rows: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Rows of cells, each of a value per seed, in the report and on the screen."""
    body = [[label, *map(with_spread, cells)] for label, cells in rows.items()]
    report.table(header, body)
    print(format_table([header, *body]), end="\n\n")


def main() -> None:
    run_command(Search)


if __name__ == "__main__":
    main()
