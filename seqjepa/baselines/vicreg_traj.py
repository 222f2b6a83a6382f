"""VICReg with trajectory regularisation: three views in a row lie on a straight line of the embedding space.

Wang, Chen & Yu, "Pose-Aware Self-Supervised Learning with Viewpoint Trajectory Regularization", ECCV 2024.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from ..config import Compatibility
from ..inputs import Sequences
from ..regulariser import at_least_single, spread
from .vicreg import VICRegBaseline, VICRegConfig


@dataclass(frozen=True, kw_only=True)
class VICRegTrajConfig(VICRegConfig):
    """Configuration of `VICRegTraj`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "vicreg-traj"
    told_actions: ClassVar[bool] = False
    trajectory_weight: float = 0.01
    """Weight of the trajectory's bend; the released code has 1."""
    compatibility: Compatibility = "mended"
    """"official" leaves out a division, as the released code does (see `VICRegTraj`)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_weights("trajectory_weight")


class VICRegTraj(VICRegBaseline[VICRegTrajConfig]):
    """VICReg on the first two of three consecutive views, and a loss on how the trajectory through all three bends.

    With l, c and r the projections of the views, v_1 = c - l and v_2 = r - c, each without its component along c:
    u = v - (v . c) c / |c|^2; the trajectory's loss is -cos(u_1, u_2), meant over the batch. With
    `compatibility="official"` the division by |c|^2 is left out, as in the released code of seq-JEPA, which is the
    same where |c| = 1; projections are longer than that. It is told no actions.
    """

    Config = VICRegTrajConfig

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, its terms before they are weighted: "invariance",
        "variance", "covariance" and "trajectory" (in [-1, 1]), and "spread" of the embeddings (0: collapsed, 1:
        isotropic).

        views (B, L >= 3, 3, H, W), actions (B, L - 1, A). Raises ValueError for shapes that do not fit, TypeError for
        dtypes.
        """
        views, _ = self._first_views(batch, 3)
        embeddings = [self.encode(view) for view in views]
        left, centre, right = (self.project(z) for z in embeddings)
        parts = self._vicreg_parts(left, centre)
        trajectory = trajectory_loss(left, centre, right, unit=self.config.compatibility == "mended")
        parts["loss"] = parts["loss"] + self.config.trajectory_weight * trajectory
        return {**parts, "trajectory": trajectory.detach(), "spread": spread(embeddings[0].detach())}


def trajectory_loss(left: Tensor, centre: Tensor, right: Tensor, unit: bool = True) -> Tensor:
    """The loss of a trajectory through three points (B, P), a scalar in [-1, 1]; -1 where it does not bend.

    `unit` says whether the direction that is taken off is normalised, see `VICRegTraj`.
    """
    left, centre, right = map(at_least_single, (left, centre, right))
    direction = F.normalize(centre, dim=1) if unit else centre
    before, after = (
        step - (step * direction).sum(1, keepdim=True) * direction for step in (centre - left, right - centre)
    )
    return -F.cosine_similarity(before, after, dim=1).mean()
