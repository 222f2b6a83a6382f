"""SEN: predict the embedding of the next view from that of a view and the action, and tell it from other scenes'.

Park, Biza, Zhao, van de Meent & Walters, "Learning Symmetric Embeddings for Equivariant World Models", ICML 2022; in
the form in which later papers compare themselves with it, with SimCLR's loss.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ..inputs import Sequences
from ..regulariser import spread
from .conditioned import Conditioned, ConditionedConfig
from .heads import ConditionedHead
from .losses import nt_xent


@dataclass(frozen=True, kw_only=True)
class SENConfig(ConditionedConfig):
    """Configuration of `SEN`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "sen"
    temperature: float = 0.5
    """Temperature of NT-Xent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("temperature")


class SEN(Conditioned[SENConfig]):
    """SEN: with p_i the projection of view i and q the predictor, loss = NT-Xent(q(p_1, a_1), p_2), see `nt_xent`.

    The predictor is linear. Nothing asks that two views be embedded alike.
    """

    Config = SENConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        width = config.projector[-1]
        self.projector = config.make_projector(config.embedding_dim, end="norm")
        self.predictor = ConditionedHead(width, config.action_dim, config.action_embedding_dim, (width,), end="norm")

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, "spread" of the embeddings (0: collapsed, 1: isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, actions = self._first_views(batch)
        z1, z2 = map(self.encode, views)
        prediction = self.predict(self.project(z1), actions[:, 0])
        loss = nt_xent(prediction, self.project(z2), self.config.temperature)
        return {"loss": loss, "spread": spread(z1.detach())}
