"""Conv-JEPA: predict the embedding of the last glimpse from each earlier one alone and the saccade between the two.

A convolutional counterpart of I-JEPA (Assran et al., "Self-Supervised Learning from Images with a Joint-Embedding
Predictive Architecture", CVPR 2023), as the seq-JEPA paper compares itself with on saccades.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from ..inputs import Sequences
from ..regulariser import spread
from .conditioned import Followed, FollowedConfig
from .losses import cosine_distance

Reduction = Literal["sum", "mean"]


@dataclass(frozen=True, kw_only=True)
class ConvJEPAConfig(FollowedConfig):
    """Configuration of `ConvJEPA`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "conv-jepa"
    projector: tuple[int, ...] = (2048, 128)
    predictor_hidden: int = 1024
    reduction: Reduction = "sum"
    """What is made of the losses of the M observed views: the paper's "sum", or the "mean" of the released code."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action_dim != 2:
            raise ValueError(
                f"conv-jepa adds saccades up, which have 2 numbers, and got action_dim={self.action_dim}; "
                "use it in worlds of images, and conditional-byol in others"
            )


class ConvJEPA(Followed[ConvJEPAConfig]):
    """Conv-JEPA: with p_i the projection of view i, q the predictor and p' the projection of the last view by the EMA
    copies of encoder and projector, loss = sum over the M observed views of 1 - cos(q(p_i, a_i + ... + a_M), p'),
    meant over the batch.

    The sum of the saccades from view i on leads from its fixation to the last one. In train mode all observed views
    are normalised in one batch, as are all saccades; the copies normalise with the statistics of their own batches.
    """

    Config = ConvJEPAConfig

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, "prediction" (1 - mean cosine, in [0, 2]) and "spread" of
        the embeddings (0: collapsed, 1: isotropic).

        views (B, M + 1, 3, H, W), actions (B, M, 2), M >= 1. Raises ValueError for shapes that do not fit, TypeError
        for dtypes.
        """
        views, actions = self._check(batch)
        z = self.encode(views[:, :-1])
        with torch.no_grad():
            target = self.target_projector(self._encode(self.target_encoder, views[:, -1]))
        displacements = actions.flip(1).cumsum(1).flip(1)
        predictions = self.predict(self.project(z), displacements)
        distance = cosine_distance(predictions, target[:, None].expand_as(predictions))
        loss = distance * z.shape[1] if self.config.reduction == "sum" else distance
        return {"loss": loss, "prediction": distance.detach(), "spread": spread(z.detach().flatten(0, 1))}
