"""Sequences of actions that rows could make, before one of them is chosen."""

from __future__ import annotations

import torch
from torch import Tensor

from ...envs import draws
from ...envs.tasks.poses import draw_poses
from ...envs.worlds import World


def propose(
    world: World, poses: Tensor, scenes: Tensor, seeds: Tensor, step: int | Tensor, shape: tuple[int, int]
) -> Tensor:
    """Sequences that lead from pose to pose, each drawn as the world's policy "uniform" draws them.

    Args:
        world: where.
        poses: (N, P) float32, where the rows are.
        scenes: (N,) int64.
        seeds: (N,) int64, of the episodes.
        step: of each row in its episode.
        shape: (C, H), how many sequences, and how many actions in each.

    Returns:
        (N, C, H, A) float32; within the world's reach, `carry_out` makes them.
    """
    count, horizon = shape
    fresh = draws.bits(seeds, step, "plans", count * horizon).flatten()
    ends = draw_poses(world, fresh, scenes.repeat_interleave(count * horizon)).unflatten(
        0, (len(poses), count, horizon)
    )
    starts = torch.cat([poses[:, None, None].expand(-1, count, 1, -1), ends[:, :, :-1]], dim=2)
    return world.actions_between(starts, ends)


def carry_out(world: World, poses: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """What becomes of sequences of actions within the world's bounds and reach, where no noise comes between.

    Args:
        world: where.
        poses: (N, P) float32.
        actions: (N, C, H, A) float32, of any size.

    Returns:
        (N, C, H, A), the actions as they are commanded, and (N, C, H, P), the poses they lead to.
    """
    here = poses[:, None].expand(-1, actions.shape[1], -1)
    commands, places = [], []
    for action in actions.unbind(2):
        there = world.move(here, world.canonical(action))
        commands.append(world.actions_between(here, there))
        places.append(there)
        here = there
    return torch.stack(commands, dim=2), torch.stack(places, dim=2)
