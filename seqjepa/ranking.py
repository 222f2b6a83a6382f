"""At which rank a search finds what it looks for, with ties shared out fairly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """Where the true items of Q searches stand among K candidates.

    Items that score the same as the true one stand before or behind it with equal chance; scores are expectations over
    that. So embeddings that are all alike score what guessing does, and not as if each were found at once.

    Attributes:
        above: (Q,) int64, how many candidates score higher than the true one.
        level: (Q,) int64, how many score the same, the true one among them.
    """

    above: Tensor
    level: Tensor

    @classmethod
    def of(cls, scores: Tensor, true: Tensor) -> Ranks:
        """Ranks by scores (Q, K), higher ones first, of the candidates `true` (Q,) int64."""
        own = scores.gather(1, true[:, None])
        return cls((scores > own).sum(1), (scores == own).sum(1))

    def mean_reciprocal(self) -> float:
        """The mean of one over the rank (MRR), in (0, 1]."""
        most = int((self.above + self.level).max())
        counts = torch.arange(most + 1, dtype=torch.float64, device=self.above.device)
        harmonic = torch.cat([counts[:1], (1 / counts[1:]).cumsum(0)])
        return ((harmonic[self.above + self.level] - harmonic[self.above]) / self.level).mean().item()

    def hits(self, k: int) -> float:
        """The share whose rank is at most k (H@k), in [0, 1]."""
        return ((k - self.above).clamp_min(0).minimum(self.level) / self.level.double()).mean().item()


def chance_reciprocal(candidates: int) -> float:
    """The mean reciprocal rank of guessing among K candidates: the K-th harmonic number over K."""
    return sum(1 / rank for rank in range(1, candidates + 1)) / candidates


def chance_hits(k: int, candidates: int) -> float:
    """The share of hits of guessing among K candidates."""
    return min(k, candidates) / candidates
