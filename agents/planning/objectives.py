"""What a plan is good for: costs of what a model expects it to show."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ...envs.worlds import World
from .imagination import Imagined


class Objective(Protocol):
    """Costs of plans, (N, C), by what they are expected to show and the poses (N, C, H, P) that they go through.

    The lower the better.
    """

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor: ...


class GoalDistance:
    """How unlike a goal the most similar of the expected views is: 1 - cosine, in [0, 2].

    Args:
        goals: (N, D) float32, embeddings of the goals' views.
    """

    def __init__(self, goals: Tensor):
        self.goals = goals

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        return 1 - functional.cosine_similarity(imagined.z, self.goals[:, None, None], dim=-1).amax(dim=2)


class Elsewhere:
    """Another objective, where plans that begin with a movement back to places seen already come after all others.

    Args:
        objective: the other one, of which no cost is above `most`.
        world: which measures how near a place is.
        visited: (N, V, P) float32, poses that rows have been at; those that are not there are not finite.
        tolerance: up to which distance two poses are the same place.
        most: what is added to the cost of those plans.
    """

    def __init__(self, objective: Objective, world: World, visited: Tensor, tolerance: float, most: float = 2.0):
        self.objective = objective
        self.world = world
        self.visited = visited
        self.tolerance = tolerance
        self.most = most

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        ends = poses[:, :, None, 0].expand(-1, -1, self.visited.shape[1], -1)
        near = self.world.distance(ends, self.visited[:, None].expand_as(ends)) <= self.tolerance
        return self.objective(imagined, poses) + self.most * near.any(dim=2)


class Familiarity:
    """How like something seen already the expected views are: the largest cosine with a remembered one, on average.

    Who has plans of little familiarity looks for what is new to him, whatever it may be.
    """

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        memory = imagined.before.memory
        known = functional.normalize(memory.z, dim=-1)
        expected = functional.normalize(imagined.z, dim=-1)
        cosines = torch.einsum("nchd,nkd->nchk", expected, known)
        return cosines.masked_fill(memory.padding[:, None, None], -torch.inf).amax(-1).mean(-1)
