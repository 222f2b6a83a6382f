"""Conditional BYOL: predict the embedding of the second view from that of the first and the action between them.

The two-view counterpart of seq-JEPA without its aggregator, with which its paper compares it; BYOL is by Grill et al.,
"Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning", NeurIPS 2020.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ..inputs import Sequences
from ..regulariser import spread
from .conditioned import Followed, FollowedConfig
from .losses import cosine_distance


@dataclass(frozen=True, kw_only=True)
class ConditionalBYOLConfig(FollowedConfig):
    """Configuration of `ConditionalBYOL`; the defaults are those of the seq-JEPA paper."""

    method: ClassVar[str] = "conditional-byol"
    projector: tuple[int, ...] = (2048, 128)
    predictor_hidden: int = 2048


class ConditionalBYOL(Followed[ConditionalBYOLConfig]):
    """Conditional BYOL: with p_1 the projection of view 1, q the predictor and p'_2 the projection of view 2 by the EMA
    copies of encoder and projector, loss = 2 - 2 cos(q(p_1, a_1), p'_2), meant over the batch.

    There is no loss in the other direction. In train mode the copies normalise with the statistics of their own
    batches.
    """

    Config = ConditionalBYOLConfig

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
