"""The planner: of many sequences of actions, the first action of that which the model expects most of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...envs import draws
from ...envs.checks import check_fields, check_number, check_whole
from ...envs.worlds import World
from ...seqjepa import SeqJEPA
from ...seqjepa.eval_mode import evaluated
from ..memory import Seen
from .imagination import imagine
from .objectives import Objective
from .plans import carry_out, propose


@dataclass(frozen=True)
class PlannerConfig:
    """How plans are looked for: some are drawn, the best are varied (CEM), and the best of all is improved by gradient.

    Attributes:
        horizon: H, actions in a plan, of which the first is made before the next plan.
        candidates: C, plans that are compared at a time.
        iterations: of the cross-entropy method (Rubinstein, 1999): plans are drawn anew, normally with the mean and
            the deviation of the best; 0 leaves it at the first ones.
        elites: how many are the best.
        gradient_steps: steps of Adam from the best plan, on its actions.
        learning_rate: of these steps, in units of actions.

    Raises:
        TypeError, ValueError: for values out of range.
    """

    horizon: int = 1
    candidates: int = 128
    iterations: int = 2
    elites: int = 12
    gradient_steps: int = 0
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        check_fields(self)
        for name, low in (("horizon", 1), ("candidates", 1), ("iterations", 0), ("elites", 1), ("gradient_steps", 0)):
            check_whole(name, getattr(self, name), low)
        check_number("learning_rate", self.learning_rate, 0)
        if self.iterations and self.elites > self.candidates:
            raise ValueError(f"elites={self.elites} are more than candidates={self.candidates}; use fewer")


class Planner:
    """Plans for any number of rows at once, on their device.

    All that is drawn is a hash of the seeds of the episodes and the step, so that a row's plan does not depend on the
    other rows.

    Args:
        model: made for the world's actions; it is used in eval mode.
        world: where the actions are carried out.
        config: how plans are looked for.
    """

    def __init__(self, model: SeqJEPA, world: World, config: PlannerConfig | None = None):
        self.model = model
        self.world = world
        self.config = config or PlannerConfig()

    def __call__(
        self, seen: Seen, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor, objective: Objective
    ) -> Tensor:
        """The next action of every row.

        Args:
            seen: what the rows have seen.
            poses: (N, P) float32, where they are.
            scenes: (N,) int64; only worlds with stored views need it, to know which poses there are.
            seeds: (N,) int64, of the episodes.
            step: of each row in its episode.
            objective: what for.

        Returns:
            (N, A) float32, actions of the world.
        """
        config = self.config
        with evaluated(self.model):
            plans = propose(self.world, poses, scenes, seeds, step, (config.candidates, config.horizon))
            for iteration in range(config.iterations):
                elites = self._best(seen, poses, plans, objective, config.elites)
                plans = torch.cat([elites[:, :1], _vary(elites, seeds, step, iteration, config.candidates - 1)], dim=1)
            best = self._best(seen, poses, plans, objective, 1)
            if config.gradient_steps:
                best = self._best(seen, poses, self._improve(seen, poses, best, objective), objective, 1)
            return best[:, 0, 0]

    def _best(self, seen: Seen, poses: Tensor, plans: Tensor, objective: Objective, count: int) -> Tensor:
        """The plans of least cost, the best first, as the world carries them out. (N, C, H, A) -> (N, count, H, A)."""
        commands, costs = self._costs(seen, poses, plans, objective)
        chosen = costs.topk(count, dim=1, largest=False).indices
        return commands[torch.arange(len(plans), device=plans.device)[:, None], chosen]

    def _costs(self, seen: Seen, poses: Tensor, plans: Tensor, objective: Objective) -> tuple[Tensor, Tensor]:
        """Plans as the world carries them out, and their costs, (N, C)."""
        commands, places = carry_out(self.world, poses, plans)
        return commands, objective(imagine(self.model, seen, commands), places)

    def _improve(self, seen: Seen, poses: Tensor, plan: Tensor, objective: Objective) -> Tensor:
        """A plan, and what gradient descent makes of it. (N, 1, H, A) -> (N, 2, H, A)."""
        with torch.enable_grad():
            actions = plan.clone().requires_grad_()
            optimiser = torch.optim.Adam([actions], self.config.learning_rate)
            for _ in range(self.config.gradient_steps):
                costs = self._costs(seen, poses, actions, objective)[1]
                (actions.grad,) = torch.autograd.grad(costs.sum(), actions)
                optimiser.step()
        return torch.cat([plan, actions.detach()], dim=1)


def _vary(elites: Tensor, seeds: Tensor, step: int | Tensor, iteration: int, count: int) -> Tensor:
    """Plans drawn normally with the mean and deviation of the best. (N, E, H, A) -> (N, count, H, A)."""
    rows, _, horizon, width = elites.shape
    normal = draws.normal(seeds, step, f"variation {iteration}", count * horizon * width)
    deviation = elites.std(1, correction=0, keepdim=True)
    return elites.mean(1, keepdim=True) + deviation * normal.view(rows, count, horizon, width)
