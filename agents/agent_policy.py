"""Trained agents as policies: for rollouts, evaluation and training, wherever a world takes a policy."""

from __future__ import annotations

import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import CategoricalDistribution
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from stable_baselines3.dqn.policies import DQNPolicy
from torch import Tensor
from torch.nn import functional

from ..envs.rollout import Episodes
from ..envs.tasks.task import GLIMPSE
from .agent import Agent
from .encoded_env import AGGREGATE, Z
from .looking import Looking
from .stacked_env import SENT


class AgentPolicy:
    """Moves as an agent does when it explores no more: of all movements the one it thinks best.

    Episodes begin where those of tasks do. An agent that may also answer is asked for movements alone, so that it looks
    on as long as the rollout lasts.

    Args:
        agent: trained in a world of the same kind.

    Raises:
        ValueError: for an agent that needs to know what only its task tells, such as a goal.
    """

    def __init__(self, agent: Agent):
        self.agent = agent
        self.looking = None if agent.model is None else Looking(agent.model, agent.config.memory)
        space = agent.learner.observation_space
        assert isinstance(space, spaces.Dict)
        self._keys = list(space.spaces)

    def __call__(self, episodes: Episodes) -> Tensor:
        world = episodes.world
        if episodes.step == 0:
            return world.first_poses(episodes.seeds, episodes.scenes)
        with torch.no_grad():
            movements = self._movements(self._observe(episodes), episodes.poses[:, -1], episodes)
        return world.move(episodes.poses[:, -1], movements)

    def _observe(self, episodes: Episodes) -> dict[str, Tensor]:
        rows = len(episodes.seeds)
        known = self._look_back(episodes) | {
            episodes.world.pose_name: episodes.poses[:, -1],
            "step": torch.full((rows, 1), episodes.step - 1, device=episodes.seeds.device),
        }
        missing = [key for key in self._keys if key not in known]
        if missing:
            task = self.agent.config.task
            raise ValueError(f"the agent was trained on {task!r}, which tells it {missing}: rollouts do not")
        return {key: known[key] for key in self._keys}

    def _look_back(self, episodes: Episodes) -> dict[str, Tensor]:
        """At the last views, through the model or as they were, as `EncodedVectorEnv` and `StackedVectorEnv` do."""
        if self.looking is not None:
            seen = self.looking(episodes)
            return {Z: seen.memory.z[:, -1], AGGREGATE: seen.aggregates}
        world, size = episodes.world, self.agent.config.memory
        views = episodes.views[:, -size:]
        actions = episodes.actions[:, 1 - views.shape[1] :] if views.shape[1] > 1 else episodes.actions[:, :0]
        missing = size - views.shape[1]
        return {
            GLIMPSE: functional.pad(views, (0, 0) * 3 + (missing, 0)),
            SENT: functional.pad(actions.clamp(world.action_low, world.action_high), (0, 0, missing, 0)),
        }

    def _movements(self, observation: dict[str, Tensor], poses: Tensor, episodes: Episodes) -> Tensor:
        """(N, A) actions of the world."""
        learner, world = self.agent.learner, episodes.world
        policy = learner.policy
        policy.set_training_mode(False)
        if isinstance(learner.action_space, spaces.Discrete):
            choices = world.choices(poses)
            best = _scores(policy, observation)[:, : choices.shape[1]].argmax(dim=1)
            return choices[torch.arange(len(poses), device=poses.device), best]
        actions = policy._predict(observation, deterministic=True)
        space = learner.action_space
        assert isinstance(space, spaces.Box)
        low, high = (torch.as_tensor(bound, device=poses.device) for bound in (space.low, space.high))
        actions = low + (actions + 1) / 2 * (high - low) if policy.squash_output else actions.maximum(low).minimum(high)
        return actions[:, : world.action_dim]


def _scores(policy: BasePolicy, observation: dict[str, Tensor]) -> Tensor:
    """How much the policy prefers each choice. -> (N, choices)."""
    if isinstance(policy, ActorCriticPolicy):
        chances = policy.get_distribution(observation)
        assert isinstance(chances, CategoricalDistribution)
        return chances.distribution.logits
    assert isinstance(policy, DQNPolicy)
    return policy.q_net(observation)
