"""An ensemble of predictors: where they disagree, the model has something to learn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...envs.checks import check_fields, check_number, check_whole
from ...envs.rollout import Policy
from ...envs.worlds import World
from ...seqjepa import SeqJEPA
from ...seqjepa.episode_seeds import first_episode
from ...seqjepa.eval_mode import evaluated
from ...seqjepa.matching import check_match
from ...seqjepa.predictor import Predictor
from ..memory import check_aggregates
from .imagination import Imagined


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig:
    """How predictors are fitted.

    Attributes:
        members: how many, at least 2.
        steps: of AdamW, of each.
        batch_size: episodes per step.
        views: of an episode, L; predictors learn to tell the second to the last of them.
        learning_rate: of AdamW, falling to 0 by a half cosine.
        policy: who moves, by its name in the world; None for the world's default.
        seed: of weights and episodes.

    Raises:
        TypeError, ValueError: for values out of range.
    """

    members: int = 5
    steps: int = 300
    batch_size: int = 128
    views: int = 5
    learning_rate: float = 2e-3
    policy: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        for name, low in (("members", 2), ("steps", 1), ("batch_size", 2), ("views", 2), ("seed", 0)):
            check_whole(name, getattr(self, name), low)
        check_number("learning_rate", self.learning_rate, 0)


class PredictorEnsemble(nn.Module):
    """Predictors of a model's own kind, each from other weights and fitted on other episodes, on its frozen embeddings.

    Where they were taught enough they agree; their variance is what is left to learn (Pathak, Gandhi & Gupta,
    "Self-supervised exploration via disagreement", ICML 2019).

    Args:
        model: whose encoder, aggregator and embedding of actions they share; it never changes.
        members: how many.
    """

    def __init__(self, model: SeqJEPA, members: int):
        super().__init__()
        config = model.config
        shape = config.predictor_dim, config.predictor_hidden, config.embedding_dim
        self.members = nn.ModuleList(Predictor(*shape) for _ in range(members))
        self.predictor_input = model.predictor_input

    @classmethod
    def fit(
        cls, model: SeqJEPA, world: World, config: EnsembleConfig | None = None, policy: Policy | None = None
    ) -> PredictorEnsemble:
        """Fitted on episodes of a world, by the loss of seq-JEPA: 1 - cosine.

        Args:
            model: frozen, on the world's device.
            world: over the training split.
            config: how.
            policy: who moves, in place of that of the config.

        Raises:
            TypeError: for a model that does not aggregate.
            ValueError: for a model made for other actions.
        """
        check_aggregates(model)
        check_match(model, world)
        config = config or EnsembleConfig()
        torch.manual_seed(config.seed)
        ensemble = cls(model, config.members).to(world.device).train()
        for number, member in enumerate(ensemble.members):
            first = first_episode("training", config.seed, number * config.steps * config.batch_size)
            _fit(member, model, world, config, policy, first)
        return ensemble.eval()

    def forward(self, aggregates: Tensor, actions: Tensor) -> Tensor:
        """What each member expects, of length 1. (B, W), (B, A) -> (members, B, D)."""
        inputs = self.predictor_input(aggregates, actions)
        return functional.normalize(torch.stack([member(inputs) for member in self.members]), dim=-1)


def _fit(
    member: nn.Module, model: SeqJEPA, world: World, config: EnsembleConfig, policy: Policy | None, first: int
) -> None:
    optimiser = torch.optim.AdamW(member.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    for step in range(config.steps):
        with evaluated(model):
            seed = first + step * config.batch_size
            batch = world.rollout(config.batch_size, config.views, policy or config.policy, seed)
            z = model.encode(batch.views)
            aggregates = [model.aggregate(z[:, :m], batch.actions[:, : m - 1]) for m in range(1, config.views)]
            inputs = model.predictor_input(torch.stack(aggregates, dim=1), batch.actions)
        with torch.enable_grad():
            loss = 1 - functional.cosine_similarity(member(inputs.flatten(0, 1)), z[:, 1:].flatten(0, 1), dim=-1).mean()
            optimiser.zero_grad()
            loss.backward()
        optimiser.step()
        schedule.step()


class Agreement:
    """How much the members of an ensemble agree on the view after a plan's first action: the length of the mean of
    what they expect, each of length 1. Plans of little agreement lead where there is something to learn.

    Args:
        ensemble: fitted.
    """

    def __init__(self, ensemble: PredictorEnsemble):
        self.ensemble = ensemble

    def __call__(self, imagined: Imagined, poses: Tensor) -> Tensor:
        expected = self.ensemble(*imagined.first_step)
        return torch.linalg.vector_norm(expected.mean(0), dim=-1).unflatten(0, imagined.actions.shape[:2])
