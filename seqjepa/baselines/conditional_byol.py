"""Conditional BYOL: predict the embedding of the second view from that of the first and the action between them.

The two-view counterpart of seq-JEPA without its aggregator, with which its paper compares it; BYOL is by Grill et al.,
"Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning", NeurIPS 2020.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..config import check_positive_integer
from ..ema import make_target
from ..inputs import Sequences
from ..regulariser import spread
from .baseline import Baseline, BaselineConfig
from .heads import ConditionedHead, Head
from .losses import cosine_distance


@dataclass(frozen=True, kw_only=True)
class ConditionalBYOLConfig(BaselineConfig):
    """Configuration of `ConditionalBYOL`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "conditional-byol"
    projector: tuple[int, ...] = (2048, 128)
    """Widths of the projector's layers."""
    action_embedding_dim: int = 128
    """Width of the action embedding."""
    predictor_hidden: int = 2048
    """Width of the predictor's hidden layer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_widths("projector")
        for name in ("action_embedding_dim", "predictor_hidden"):
            check_positive_integer(name, getattr(self, name))


class ConditionalBYOL(Baseline[ConditionalBYOLConfig]):
    """Conditional BYOL: with p_1 the projection of view 1, q the predictor and p'_2 the projection of view 2 by the EMA
    copies of encoder and projector, loss = 2 - 2 cos(q(p_1, a_1), p'_2), meant over the batch.

    There is no loss in the other direction. In train mode the copies normalise with the statistics of their own
    batches.
    """

    Config = ConditionalBYOLConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        width = config.projector[-1]
        self.projector = Head(config.embedding_dim, config.projector, end="norm")
        self.predictor = ConditionedHead(
            width, config.action_dim, config.action_embedding_dim, (config.predictor_hidden, width), end="bias"
        )
        self.target_encoder, self.target_projector = make_target(self.encoder), make_target(self.projector)

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        return self.projector(z)

    def predict(self, projections: Tensor, actions: Tensor) -> Tensor:
        """Projections (..., P) of views and the actions (..., A) that leave them to predicted projections (..., P).

        Only their direction counts: compare them by their cosine.
        """
        self._check_condition(projections, actions, self.config.projector[-1])
        return self.predictor(projections, actions)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss, in [0, 4], as "loss" (with gradient), and, detached, "spread" of the embeddings (0: collapsed, 1:
        isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        (first, second), actions = self._first_views(batch)
        z = self.encode(first)
        with torch.no_grad():
            target = self.target_projector(self._encode(self.target_encoder, second))
        distance = cosine_distance(self.predict(self.project(z), actions[:, 0]), target)
        return {"loss": 2 * distance, "spread": spread(z.detach())}

    def _followers(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        return (self.target_encoder, self.encoder), (self.target_projector, self.projector)
