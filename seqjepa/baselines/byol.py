"""BYOL: predict the embedding of one view, by a slowly following copy of the network, from that of another.

Grill et al., "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning", NeurIPS 2020.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...envs.checks import check_whole
from ..ema import make_target
from ..inputs import Sequences
from ..regulariser import spread
from .baseline import Baseline
from .heads import Head
from .losses import cosine_distance
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class BYOLConfig(ProjectorConfig):
    """Configuration of `BYOL`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "byol"
    told_actions: ClassVar[bool] = False
    projector: tuple[int, ...] = (2048, 2048, 2048)
    """Widths of the projector's layers; the released code has (2048, 128)."""
    predictor_hidden: int = 512
    """Width of the predictor's hidden layer; the released code has 2048."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("predictor_hidden", self.predictor_hidden, 1)


class BYOL(Baseline[BYOLConfig]):
    """BYOL: with p_i the projection of view i, q the predictor and p'_i the projection of view i by the EMA copies of
    encoder and projector, loss = 2 - 2 cos(q(p_1), p'_2) + 2 - 2 cos(q(p_2), p'_1), meant over the batch.

    It is told no actions. In train mode the copies normalise with the statistics of their own batches.
    """

    Config = BYOLConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        width = config.projector[-1]
        self.projector = config.make_projector(config.embedding_dim, end="norm")
        self.predictor = Head(width, (config.predictor_hidden, width), end="bias")
        self.target_encoder, self.target_projector = make_target(self.encoder), make_target(self.projector)

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        return self.projector(z)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss, in [0, 8], as "loss" (with gradient), and, detached, "spread" of the embeddings (0: collapsed, 1:
        isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, _ = self._first_views(batch)
        z1, z2 = map(self.encode, views)
        with torch.no_grad():
            target1, target2 = (self.target_projector(self._encode(self.target_encoder, view)) for view in views)
        forth = cosine_distance(self.predictor(self.project(z1)), target2)
        back = cosine_distance(self.predictor(self.project(z2)), target1)
        return {"loss": 2 * (forth + back), "spread": spread(z1.detach())}

    def _followers(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        return (self.target_encoder, self.encoder), (self.target_projector, self.projector)
