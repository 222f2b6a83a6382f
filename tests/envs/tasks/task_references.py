"""Reference policies for every task: by chance, by a simple rule, and by an oracle that knows what the agent does not.

A policy is called with a vector environment that hands out arrays and with the observation, and returns the actions.
Rules know the observation alone; oracles look into the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import World
from saccadeworld.envs.worlds.rotating import RotatingWorld
from scipy.spatial.transform import Rotation

Observation = dict[str, np.ndarray]
Policy = Callable[[SaccadeWorldVectorEnv, Observation], np.ndarray]


def returns(env: SaccadeWorldVectorEnv, policy: Policy, seed: int = 0) -> np.ndarray:
    """The return of one episode in every row, (N,)."""
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed)
    total, running = np.zeros(env.num_envs), np.ones(env.num_envs, dtype=bool)
    while running.any():
        observation, rewards, terminations, truncations, _ = env.step(policy(env, observation))
        total += rewards * running
        running &= ~(terminations | truncations)
    return total


def by_chance(env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
    return env.action_space.sample()


# --- free viewing --------------------------------------------------------------------------------------------------


def expect_no_change(views: torch.Tensor, actions: torch.Tensor, next_views: torch.Tensor) -> torch.Tensor:
    """A predictor's error: the mean absolute difference to the view before, in [0, 1]."""
    return (next_views.double() - views.double()).abs().flatten(1).mean(dim=1) / 255


def _choices(env: SaccadeWorldVectorEnv) -> torch.Tensor:
    return env.world.choices(env._rows.poses)


def back_and_forth(env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
    """By a saccade to the first cell and back to the centre, a turn and back, a crop and the whole picture."""
    choices, forth = _choices(env).numpy(), observation["step"][0, 0] % 2 == 0
    if env.world.name == "images":
        return choices[:, 0] if forth else 0.5 - observation["fixation"]
    if env.world.name == "augmentations":
        return choices[:, 1 if forth else 0]
    return choices[:, 0] if forth else choices[:, 0] * np.array([-1, -1, -1, 1], np.float32)


def most_surprising(env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
    world, rows = env.world, env._rows
    tried = [*_choices(env).unbind(1), *(torch.from_numpy(env.action_space.sample()) for _ in range(8))]
    views = torch.from_numpy(observation["glimpse"])
    errors = [
        expect_no_change(views, action, world.views(rows.scenes, world.move(rows.poses, action))) for action in tried
    ]
    return torch.stack(tried, dim=1)[torch.arange(len(views)), torch.stack(errors).argmax(dim=0)].numpy()


# --- path integration and homing -----------------------------------------------------------------------------------


class AfterTheWalk:
    """Movements by chance; the last action as `last` chooses it from the commands so far, (N, M, A)."""

    def __init__(self, last: Callable[[SaccadeWorldVectorEnv, np.ndarray], Any]):
        self.last = last
        self.commands: list[np.ndarray] = []

    def __call__(self, env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
        if observation["step"][0, 0] > 0:
            self.commands.append(observation["action"])
        if observation["phase"][0, 0]:
            return np.asarray(self.last(env, np.stack(self.commands, axis=1)), dtype=np.float32)
        return env.action_space.sample()


def stay(env: SaccadeWorldVectorEnv, commands: np.ndarray) -> np.ndarray:
    return np.tile(env.world.still, (env.num_envs, 1))


def sum_of(env: SaccadeWorldVectorEnv, commands: np.ndarray) -> np.ndarray:
    """The commands, one after the other: dead reckoning."""
    if not isinstance(env.world, RotatingWorld):
        return commands.sum(axis=1)
    total = Rotation.identity(len(commands))
    for command in commands.swapaxes(0, 1):
        total = total * Rotation.from_quat(command)
    return total.as_quat(canonical=True)


def back_by_the_sum(env: SaccadeWorldVectorEnv, commands: np.ndarray) -> np.ndarray:
    total = sum_of(env, commands)
    return Rotation.from_quat(total).inv().as_quat(canonical=True) if isinstance(env.world, RotatingWorld) else -total


def true_displacement(env: SaccadeWorldVectorEnv, commands: np.ndarray) -> torch.Tensor:
    return env.world.actions_between(env._rows.state["start"], env._rows.poses)


def true_way_home(env: SaccadeWorldVectorEnv, commands: np.ndarray) -> torch.Tensor:
    return env.world.actions_between(env._rows.poses, env._rows.state["start"])


# --- recognition ---------------------------------------------------------------------------------------------------


def _answer(env: SaccadeWorldVectorEnv, labels: np.ndarray) -> np.ndarray:
    scores = np.eye(len(env.world.classes))[labels]
    movements = np.tile(env.world.still, (env.num_envs, 1))
    return np.concatenate([movements, np.ones((env.num_envs, 1)), scores], axis=1)


def _thumbnails(views: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.adaptive_avg_pool2d(views.float().mean(dim=1, keepdim=True), 4).flatten(1)


class NearestClass:
    """Answers at once by the nearest mean of a class, of the first views of 500 episodes in another world."""

    def __init__(self, world: World):
        seeds = torch.arange(500)
        scenes = world.draw_scenes(seeds)
        thumbnails, labels = _thumbnails(world.views(scenes, world.first_poses(seeds, scenes))), world.labels[scenes]
        self.means = torch.stack([thumbnails[labels == c].mean(dim=0) for c in range(len(world.classes))])

    def __call__(self, env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
        distances = torch.cdist(_thumbnails(torch.from_numpy(observation["glimpse"])), self.means)
        return _answer(env, distances.argmin(dim=1).numpy())


def true_class(env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
    return _answer(env, env.world.labels[env._rows.scenes].numpy())


# --- search --------------------------------------------------------------------------------------------------------


class HillClimber:
    """A pose by chance and, every other time, one near that whose view has been most like the goal's so far."""

    def __init__(self, seed: int = 0):
        self.random = torch.Generator().manual_seed(seed)
        self.best: torch.Tensor | None = None

    def __call__(self, env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
        world, here = env.world, torch.from_numpy(observation[env.world.pose_name])
        glimpse, goal = (torch.from_numpy(observation[key]).float() for key in ("glimpse", "goal"))
        errors = (glimpse - goal).abs().flatten(1).mean(dim=1)
        if self.best is None:
            self.best, self.errors = here, errors
        better = errors < self.errors
        self.best, self.errors = torch.where(better[:, None], here, self.best), torch.minimum(errors, self.errors)
        if int(observation["step"][0, 0]) % 2:
            return world.actions_between(here, world.move(self.best, self._small(world, len(here)))).numpy()
        seeds = torch.randint(1 << 40, (len(here),), generator=self.random)
        rollout = world.rollout(scenes=env._rows.scenes, length=1, policy="uniform", seed=int(seeds[0]))
        return world.actions_between(here, rollout.poses[:, 0]).numpy()

    def _small(self, world: World, count: int) -> torch.Tensor:
        rotating = isinstance(world, RotatingWorld)
        noise = torch.randn(count, 3 if rotating else world.action_dim, generator=self.random)
        if not rotating:
            return 0.06 * noise
        return torch.from_numpy(Rotation.from_rotvec(0.2 * noise.numpy()).as_quat(canonical=True)).float()


def straight_to_the_goal(env: SaccadeWorldVectorEnv, observation: Observation) -> np.ndarray:
    return env.world.actions_between(env._rows.poses, env._rows.state["goal"]).numpy()
