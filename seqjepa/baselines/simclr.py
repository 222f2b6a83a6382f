"""SimCLR: agree about two views of a scene, and disagree about views of different ones.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ..inputs import Sequences
from ..regulariser import spread
from .baseline import Baseline
from .losses import nt_xent
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class SimCLRConfig(ProjectorConfig):
    """Configuration of `SimCLR`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "simclr"
    told_actions: ClassVar[bool] = False
    temperature: float = 0.5
    """Temperature of NT-Xent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("temperature")


class SimCLR(Baseline[SimCLRConfig]):
    """SimCLR: loss = NT-Xent(p_1, p_2) of the projections of two views, see `nt_xent`. It is told no actions."""

    Config = SimCLRConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        self.projector = self.config.make_projector(self.config.embedding_dim, end="norm")

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        return self.projector(z)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, "spread" of the embeddings (0: collapsed, 1: isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, _ = self._first_views(batch)
        z1, z2 = map(self.encode, views)
        loss = nt_xent(self.project(z1), self.project(z2), self.config.temperature)
        return {"loss": loss, "spread": spread(z1.detach())}
