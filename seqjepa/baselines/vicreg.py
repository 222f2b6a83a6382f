"""VICReg: agree about two views of a scene, with embeddings whose dimensions vary and are not correlated.

Bardes, Ponce & LeCun, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning", ICLR 2022.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from ..inputs import Sequences
from ..regulariser import spread
from .baseline import Baseline
from .losses import vicreg_terms
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class VICRegConfig(ProjectorConfig):
    """Configuration of `VICReg`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "vicreg"
    told_actions: ClassVar[bool] = False
    invariance_weight: float = 10.0
    """Weight of the difference of the two views; the released code has 25."""
    variance_weight: float = 10.0
    """Weight of the variance; the released code has 25."""
    covariance_weight: float = 1.0
    """Weight of the covariance."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_weights("invariance_weight", "variance_weight", "covariance_weight")


ConfigType = TypeVar("ConfigType", bound=VICRegConfig)


class VICRegBaseline(Baseline[ConfigType], Generic[ConfigType]):
    """What VICReg and its extensions share: the projector and the weighted terms, see `vicreg_terms`."""

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        self.projector = self.config.make_projector(self.config.embedding_dim, end="plain")

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        return self.projector(z)

    def _vicreg_parts(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        """The weighted sum of the terms of two views' projections (B, P) as "loss", and the terms, detached."""
        config, terms = self.config, vicreg_terms(first, second)
        weights = config.invariance_weight, config.variance_weight, config.covariance_weight
        loss = sum(weight * term for weight, term in zip(weights, terms, strict=True))
        assert isinstance(loss, Tensor)
        return {"loss": loss} | {name: term.detach() for name, term in terms._asdict().items()}


class VICReg(VICRegBaseline[VICRegConfig]):
    """VICReg: loss = w_i invariance + w_v variance + w_c covariance of the projections of two views. It is told no
    actions."""

    Config = VICRegConfig

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, its terms "invariance", "variance" and "covariance" before
        they are weighted, and "spread" of the embeddings (0: collapsed, 1: isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, _ = self._first_views(batch)
        z1, z2 = map(self.encode, views)
        return {**self._vicreg_parts(self.project(z1), self.project(z2)), "spread": spread(z1.detach())}
