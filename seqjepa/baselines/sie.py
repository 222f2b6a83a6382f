"""SIE: one half of the embedding stays as it is when a view changes, the other changes as the action says.

Garrido, Najman & LeCun, "Self-supervised learning of Split Invariant Equivariant representations", ICML 2023.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..inputs import Sequences
from ..ranks import gather_rows
from ..regulariser import at_least_single, spread, variance_covariance
from .baseline import Baseline
from .losses import vicreg_terms
from .projector import ProjectorConfig


@dataclass(frozen=True, kw_only=True)
class SIEConfig(ProjectorConfig):
    """Configuration of `SIE`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "sie"
    projector: tuple[int, ...] = (1024, 1024, 1024)
    """Widths of the layers of each of the two projectors."""
    invariance_weight: float = 10.0
    """Weight of the difference of the two views' invariant halves; the released code has 25."""
    equivariance_weight: float = 4.5
    """Weight of the prediction's error in the equivariant half; the released code has 25."""
    variance_weight: float = 10.0
    """Weight of the variance, of the embeddings and of the prediction; the released code has 25."""
    covariance_weight: float = 1.0
    """Weight of the covariance."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_weights("invariance_weight", "equivariance_weight", "variance_weight", "covariance_weight")
        if self.embedding_dim % 2:
            raise ValueError(
                f"sie halves the embedding, whose width {self.embedding_dim} is odd; choose an even encoder_width"
            )


class SIE(Baseline[SIEConfig]):
    """SIE: with s_i and p_i the projections of the first and of the second half of view i's embedding, y_i = [s_i; p_i]
    and p^ = M(a_1) p_1 the prediction, where the matrix M(a) is linear in the action,

    loss = w_i mse(s_1, s_2) + w_e mse(p^, p_2) + w_v (V(y_1, y_2) + V(p^)) + w_c C(y_1, y_2).

    V(y_1, y_2) and C are the variance and the covariance of VICReg, see `vicreg_terms`, and V(p^) is the variance of
    the prediction alone; mse is the mean over rows and dimensions. (In the released code the weight of the prediction's
    error is given as a factor on top of w_i; here it is the weight itself.)
    """

    Config = SIEConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        half, width = config.embedding_dim // 2, config.projector[-1]
        self.invariant_projector = config.make_projector(half, end="plain")
        self.equivariant_projector = config.make_projector(half, end="plain")
        self.predictor = LinearHypernetwork(config.action_dim, width)

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to equivariant projections (..., P)."""
        return self.equivariant_projector(z.chunk(2, -1)[1])

    def project_invariant(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to invariant projections (..., P)."""
        return self.invariant_projector(z.chunk(2, -1)[0])

    def predict(self, projections: Tensor, actions: Tensor) -> Tensor:
        """Equivariant projections (..., P) of views and the actions (..., A) that leave them to predicted ones."""
        self._check_condition(projections, actions, self.config.projector[-1])
        return self.predictor(projections, actions)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, its terms before they are weighted: "invariance",
        "equivariance", "variance", "prediction_variance" and "covariance", and "spread" of the embeddings (0:
        collapsed, 1: isotropic).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, actions = self._first_views(batch)
        z1, z2 = map(self.encode, views)
        invariant1, invariant2 = map(self.project_invariant, (z1, z2))
        equivariant1, equivariant2 = map(self.project, (z1, z2))
        prediction = self.predict(equivariant1, actions[:, 0])
        whole = vicreg_terms(torch.cat([invariant1, equivariant1], 1), torch.cat([invariant2, equivariant2], 1))
        terms = {
            "invariance": F.mse_loss(at_least_single(invariant1), at_least_single(invariant2)),
            "equivariance": F.mse_loss(at_least_single(prediction), at_least_single(equivariant2)),
            "variance": whole.variance,
            "prediction_variance": variance_covariance(gather_rows(at_least_single(prediction)))[0],
            "covariance": whole.covariance,
        }
        return {
            "loss": self._weigh(**terms),
            **{name: term.detach() for name, term in terms.items()},
            "spread": spread(z1.detach()),
        }

    def _weigh(
        self,
        invariance: Tensor,
        equivariance: Tensor,
        variance: Tensor,
        prediction_variance: Tensor,
        covariance: Tensor,
    ) -> Tensor:
        config = self.config
        return (
            config.invariance_weight * invariance
            + config.equivariance_weight * equivariance
            + config.variance_weight * (variance + prediction_variance)
            + config.covariance_weight * covariance
        )


class LinearHypernetwork(nn.Module):
    """Projections (..., P) and actions (..., A) to M(a) p (..., P), where M(a) = sum over d of a_d M_d.

    That is one linear map of the outer product of action and projection, so that no matrix per row is ever made. Its
    weight, (P, A P), holds the matrices M_d side by side, initialised as those of a linear layer from A inputs.
    """

    def __init__(self, action_dim: int, width: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(action_dim)
        self.weight = nn.Parameter(torch.empty(width, action_dim * width).uniform_(-bound, bound))

    def forward(self, projections: Tensor, actions: Tensor) -> Tensor:
        return F.linear((actions[..., None] * projections[..., None, :]).flatten(-2), self.weight)
