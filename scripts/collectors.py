"""Who looks around in place of a world's named policies: a planner, or a trained agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..agents.agent import Agent
from ..agents.agent_policy import AgentPolicy
from ..agents.planning.planner import PlannerConfig
from ..agents.planning.policies import PlanningPolicy
from ..envs.rollout import Policy
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.view_model import ViewModel

EXPLORE = "explore"
PLANNER = PlannerConfig(candidates=24, iterations=0)
"""How it plans: fast enough to be followed."""


def make_collector(name: str | None, model: ViewModel[Any] | None, world: World) -> Policy | None:
    """Whom the option `--collector` names; None where it names nobody.

    Args:
        name: "explore", a planner that looks where `model` expects what is least like all it has seen in an episode;
            or the folder of an agent that `train-agent` left, which sees as it learned to.
        model: that the planner plans with; agents need none.
        world: of the kind in which it looks around.

    Raises:
        FileNotFoundError, TypeError, ValueError: for a model that predicts no views, and an agent that is not there or
            does not fit the world.
    """
    if name is None:
        return None
    if name != EXPLORE:
        return AgentPolicy(load_agent(name, world))
    return PlanningPolicy.to_explore(check_planner(EXPLORE, model), PLANNER)


def load_agent(name: str, world: World) -> Agent:
    """The agent whose folder the option `--collector` names. Raises as `make_collector`."""
    if not Path(name).is_dir():
        raise FileNotFoundError(f"--collector {name} is neither {EXPLORE!r} nor the folder of an agent")
    return Agent.load(name, world)


def check_planner(name: str, model: ViewModel[Any] | None) -> SeqJEPA:
    """The model of a planner of this name, if it is one to plan with. Raises as `make_collector`."""
    if model is None:
        raise ValueError(f"--collector {name} plans with seq-JEPA: give the folder of a checkpoint by --model")
    if not isinstance(model, SeqJEPA):
        raise ValueError(
            f"--collector {name} plans with seq-JEPA, and --method {model.config.method} predicts no views"
        )
    return model
