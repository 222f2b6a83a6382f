"""What agents keep of running episodes: the embeddings of the last views, and the movements between them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..seqjepa import SeqJEPA
from ..seqjepa.features import Aggregating


@dataclass(frozen=True)
class Memory:
    """The last K views of N rows, and the actions between them. A value: what comes next is another one.

    Rows that have seen less have it at the end, and zeros before.

    Attributes:
        z: (N, K, D), embeddings in float32 or whatever stands for views, the newest last.
        actions: (N, K - 1, A) float32, as they were commanded.
        counts: (N,) int64, how many views there are, 1 to K.
        longest: no row has more views, as far as the host knows without asking the device.
    """

    z: Tensor
    actions: Tensor
    counts: Tensor
    longest: int

    @classmethod
    def begin(cls, z: Tensor, size: int, action_dim: int) -> Memory:
        """Of first views, (N, D). `size` is K."""
        rows, width = z.shape
        return cls(
            z=torch.cat([z.new_zeros(rows, size - 1, width), z[:, None]], dim=1),
            actions=torch.zeros(rows, size - 1, action_dim, device=z.device),
            counts=torch.ones(rows, dtype=torch.int64, device=z.device),
            longest=1,
        )

    @property
    def size(self) -> int:
        """K."""
        return self.z.shape[1]

    @property
    def padding(self) -> Tensor:
        """(N, K) bool, where there is no view."""
        return torch.arange(self.size, device=self.z.device) < self.size - self.counts[:, None]

    def after(self, actions: Tensor, z: Tensor) -> Memory:
        """One action later: the actions, (N, A), and what they led to, (N, D). The oldest of K views is forgotten."""
        return Memory(
            z=torch.cat([self.z[:, 1:], z[:, None]], dim=1),
            actions=torch.cat([self.actions, actions[:, None]], dim=1)[:, 1:],
            counts=(self.counts + 1).clamp_max(self.size),
            longest=min(self.longest + 1, self.size),
        )

    def select(self, index: Tensor) -> Memory:
        """The rows of an index, (R,) int64."""
        return Memory(self.z[index], self.actions[index], self.counts[index], self.longest)

    def put(self, index: Tensor, fresh: Memory) -> Memory:
        """These rows with `fresh` in the places of the index, (R,) int64, none of them twice.

        Where all rows are begun anew nothing stays of how long the former ones were.
        """
        longest = max(self.longest, fresh.longest) if len(index) < len(self.counts) else fresh.longest
        return Memory(
            self.z.index_copy(0, index, fresh.z),
            self.actions.index_copy(0, index, fresh.actions),
            self.counts.index_copy(0, index, fresh.counts),
            longest,
        )

    def repeat(self, times: int) -> Memory:
        """Every row several times, one after the other: (N * times) rows."""
        z, actions, counts = (part.repeat_interleave(times, dim=0) for part in (self.z, self.actions, self.counts))
        return Memory(z, actions, counts, self.longest)

    def look_back(self, model: SeqJEPA) -> Seen:
        """The memory with its aggregates."""
        return Seen(self, self.aggregate(model).float())

    def aggregate(self, model: SeqJEPA) -> Tensor:
        """(N, W), the model's aggregates."""
        there = slice(-self.longest, None)
        return model.aggregate(self.z[:, there], self.actions[:, self.size - self.longest :], self.padding[:, there])


@dataclass(frozen=True)
class Seen:
    """What N rows have seen, view by view and altogether.

    Attributes:
        memory: of the rows.
        aggregates: (N, W) float32, of all that is in it.
    """

    memory: Memory
    aggregates: Tensor

    def put(self, index: Tensor, fresh: Seen) -> Seen:
        """These rows with `fresh` in the places of the index, (R,) int64."""
        return Seen(self.memory.put(index, fresh.memory), self.aggregates.index_copy(0, index, fresh.aggregates))


def check_aggregates(model: object) -> None:
    """Refuse a model that does not aggregate what it has seen.

    Raises:
        TypeError: naming it.
    """
    if not isinstance(model, Aggregating):
        raise TypeError(f"agents look back by the aggregates of seq-JEPA, and a {type(model).__name__} has none")
