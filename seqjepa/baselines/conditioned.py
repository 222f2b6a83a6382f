"""What methods share that predict the projection of a view from that of another and the action between the two."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor, nn

from ...envs.checks import check_whole
from ..ema import make_target
from .baseline import Baseline
from .heads import ConditionedHead
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class ConditionedConfig(ProjectorConfig):
    """Configuration of a method that is `Conditioned`."""

    action_embedding_dim: int = 128
    """Width of the action embedding."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("action_embedding_dim", self.action_embedding_dim, 1)


ConditionedType = TypeVar("ConditionedType", bound=ConditionedConfig)


class Conditioned(Baseline[ConditionedType], Generic[ConditionedType]):
    """A method with a projector, and a predictor that is told the action."""

    projector: nn.Module
    predictor: ConditionedHead

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        return self.projector(z)

    def predict(self, projections: Tensor, actions: Tensor) -> Tensor:
        """Projections (..., P) of views and the actions (..., A) that leave them to predicted projections (..., P).

        Only their direction counts: compare them by their cosine.
        """
        self._check_condition(projections, actions, self.config.projector[-1])
        return self.predictor(projections, actions)


@dataclass(frozen=True, kw_only=True)
class FollowedConfig(ConditionedConfig):
    """Configuration of a method that is `Followed`."""

    predictor_hidden: int
    """Width of the predictor's hidden layer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("predictor_hidden", self.predictor_hidden, 1)


FollowedType = TypeVar("FollowedType", bound=FollowedConfig)


class Followed(Conditioned[FollowedType], Generic[FollowedType]):
    """A method whose encoder and projector are followed by EMA copies, which make what is to be predicted.

    In train mode the copies normalise with the statistics of their own batches.
    """

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        width = config.projector[-1]
        self.projector = config.make_projector(config.embedding_dim, end="norm")
        self.predictor = ConditionedHead(
            width, config.action_dim, config.action_embedding_dim, (config.predictor_hidden, width), end="bias"
        )
        self.target_encoder, self.target_projector = make_target(self.encoder), make_target(self.projector)

    def _followers(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        return (self.target_encoder, self.encoder), (self.target_projector, self.projector)
