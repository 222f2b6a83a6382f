"""EquiMod: SimCLR beside a second head, in which the effect of the action can be predicted.

Devillers & Lefort, "EquiMod: An Equivariance Module to Improve Visual Instance Discrimination", ICLR 2023.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ...envs.checks import check_whole
from ..inputs import Sequences
from ..regulariser import spread
from .baseline import Baseline
from .heads import ConditionedHead
from .losses import nt_xent
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class EquiModConfig(ProjectorConfig):
    """Configuration of `EquiMod`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "equimod"
    projector: tuple[int, ...] = (1024, 1024, 128)
    """Widths of the layers of each of the two projectors."""
    action_embedding_dim: int = 128
    """Width of the action embedding."""
    equivariance_weight: float = 1.0
    """Weight of the equivariant loss beside the invariant one."""
    temperature: float = 0.1
    """Temperature of both NT-Xents; the released code has 0.5."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("action_embedding_dim", self.action_embedding_dim, 1)
        self.check_positive("temperature")
        self.check_weights("equivariance_weight")


class EquiMod(Baseline[EquiModConfig]):
    """EquiMod on SimCLR: with s_i and p_i the invariant and the equivariant projection of view i, and q the predictor,
    loss = NT-Xent(s_1, s_2) + w NT-Xent(q(p_1, a_1), p_2), see `nt_xent`. The predictor is linear.
    """

    Config = EquiModConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        width = config.projector[-1]
        self.invariant_projector = config.make_projector(config.embedding_dim, end="norm")
        self.equivariant_projector = config.make_projector(config.embedding_dim, end="norm")
        self.predictor = ConditionedHead(width, config.action_dim, config.action_embedding_dim, (width,), end="norm")

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to equivariant projections (..., P)."""
        return self.equivariant_projector(z)

    def predict(self, projections: Tensor, actions: Tensor) -> Tensor:
        """Equivariant projections (..., P) of views and the actions (..., A) that leave them to predicted ones.

        Only their direction counts: compare them by their cosine.
        """
        self._check_condition(projections, actions, self.config.projector[-1])
        return self.predictor(projections, actions)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, its terms before they are weighted: "invariance" and
        "equivariance", and "spread" of the embeddings (0: collapsed, 1: isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, actions = self._first_views(batch)
        temperature = self.config.temperature
        z1, z2 = map(self.encode, views)
        invariance = nt_xent(self.invariant_projector(z1), self.invariant_projector(z2), temperature)
        equivariance = nt_xent(self.predict(self.project(z1), actions[:, 0]), self.project(z2), temperature)
        loss = invariance + self.config.equivariance_weight * equivariance
        terms = {"invariance": invariance.detach(), "equivariance": equivariance.detach()}
        return {"loss": loss, **terms, "spread": spread(z1.detach())}
