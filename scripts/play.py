"""saccadeworld play: be the eye, on a page in the browser, and watch what a model and others make of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from ..agents.agent import Agent
from ..agents.agent_policy import AgentPolicy
from ..agents.planning.policies import PlanningPolicy
from ..envs.progress import progress, tell
from ..envs.rollout import Policy
from ..envs.sources.banks import Split
from ..envs.worlds import ImagesWorld, ObjectsWorld, World
from ..seqjepa import SeqJEPA
from ..seqjepa.episode_seeds import check_seed, first_episode
from ..seqjepa.matching import check_optics
from .collectors import PLANNER
from .command import run_command
from .options import WorldOptions, parsed_options
from .playing.eye import Eye, Setting
from .playing.hand import Playable
from .playing.insight import Insight

SCENES: Mapping[Split, int] = {"train": 2000, "test": 200}
"""The most that are made of a built-in source: to fit heads on, and to play with."""


@dataclass(frozen=True)
class Play:
    """Be the eye on a page in your browser: click where to look, or turn an object, and see what a model makes of it.

    The page is served to this machine alone, and asks the network for nothing. It shows scenes of the test split; what
    reads the model's mind is fitted on the training split when the command starts, which takes some seconds.

    For example: saccadeworld play --model runs/demo/model-images --world.options size 48 fovea 24 clutter 0.1

    Attributes:
        model: the folder of a checkpoint of seq-JEPA; without it there is no model's belief, surprise and path, unless
            it is an agent's.
        agent: the folder of an agent that `train-agent` left, to watch; it sees as it learned to.
        world: which world, "images" or "objects", with the options that model and agent were trained with. Of built-in
            sources 2000 scenes at most are fitted on, and 200 played with.
        host: the address to listen at; another than 127.0.0.1 lets others on the network in.
        port: the port to listen at; 0 for any that is free.
        browser: open the page in a browser, where there is a screen.
        seed: of the episodes.
        device: "cpu" or "cuda".
    """

    model: Path | None = None
    agent: Path | None = None
    world: WorldOptions = field(default_factory=WorldOptions)
    host: str = "127.0.0.1"
    port: int = 8080
    browser: bool = True
    seed: int = 0
    device: str = "cpu"

    def run(self) -> None:
        if find_spec("nicegui") is None:
            raise ImportError("saccadeworld play needs NiceGUI: pip install 'saccadeworld[play]'")
        from .playing.page import Page
        from .playing.server import address, is_own, listen, serve

        check_seed(self.seed)
        with listen(self.host, self.port) as listening:
            setting = self._setting()
            if not is_own(listening):
                tell(
                    "warning",
                    f"whoever reaches this machine at {self.host} can open the page, see your "
                    "scenes and make this machine work: there is no password. --host 127.0.0.1 keeps it to yourself",
                )
            print(f"the page is at {address(listening)}; Ctrl-C ends it", flush=True)
            serve(partial(Page, setting), listening, browser=self.browser)

    def _setting(self) -> Setting:
        if self.world.name not in ("images", "objects"):
            raise ValueError(f'--world.name {self.world.name}: it is "images" and "objects" that can be played with')
        model = None if self.model is None else SeqJEPA.load(self.model, device=self.device)
        with progress(bar_format="{desc}", leave=False) as line:
            line.set_description_str("making the scenes")
            world = self._make("test", lambda world: self._movers(world, model))
            movers, model = self._movers(world, model)
            insight = None
            if model is not None:
                insight = Insight.fit(model, self._make("train"), self.seed, line.set_description_str)
            setting = Setting(world, movers, first_episode("testing", self.seed), insight, self._how_to_get_a_model())
            line.set_description_str("looking for the first time")
            Eye(setting)  # the renderer is made ready, and what does not fit is found now
        return setting

    def _movers(self, world: World, model: SeqJEPA | None) -> tuple[dict[str, Policy], SeqJEPA | None]:
        """Who can be watched, and the model whose mind is read: the agent's own, if no other was named."""
        movers = dict(world.policies)
        if self.agent is not None:
            agent = Agent.load(self.agent, world)
            movers["agent"] = AgentPolicy(agent)
            model = model or agent.model
        if model is not None:
            check_optics(model, world)
            movers["planner"] = PlanningPolicy.to_explore(model, PLANNER)
        return movers, model

    def _make(self, split: Split, attempt: Callable[[World], object] | None = None) -> Playable:
        options = dict(self.world.options)
        if self.world.source is None:
            count = parsed_options(options).get("count", SCENES[split])
            options["count"] = str(min(count, SCENES[split]) if isinstance(count, int) else count)
        if self.world.name == "images" and "saliency_cache" not in options:
            options = {"saliency_live": "true"} | options  # maps of the scene that is played with, not of all
        world = replace(self.world, options=options).make(split, self.device, attempt)
        assert isinstance(world, ImagesWorld | ObjectsWorld)
        return world

    def _how_to_get_a_model(self) -> tuple[str, ...]:
        """Commands that train one for this world, and play with it."""
        options = [f"--world.name {self.world.name}"]
        if self.world.source is not None:
            options.append(f"--world.source {shlex.quote(self.world.source)}")
        if self.world.options:
            pairs = (shlex.quote(word) for pair in self.world.options.items() for word in pair)
            options.append(f"--world.options {' '.join(pairs)}")
        world = " ".join(options)
        return (
            f"saccadeworld train --out runs/model --model.encoder small --training.steps 2000 {world}",
            f"saccadeworld play --model runs/model/model {world}",
        )


def main() -> None:
    run_command(Play)


if __name__ == "__main__":
    main()
