"""What every baseline is: the encoder of seq-JEPA under another loss."""

import math
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from torch import Tensor

from ..config import ViewModelConfig, check_positive_integer
from ..inputs import Sequences, check_sequences
from ..view_model import ViewModel


@dataclass(frozen=True, kw_only=True)
class BaselineConfig(ViewModelConfig):
    """Configuration of a baseline; each method adds its sizes and weights.

    Raises ValueError or TypeError when a value is impossible, naming it and what is possible.
    """

    def check_widths(self, *names: str) -> None:
        """Raises TypeError or ValueError unless these fields are widths of layers, and turns them into tuples."""
        for name in names:
            widths = getattr(self, name)
            if not isinstance(widths, list | tuple) or not widths:
                raise TypeError(f"{name} must be the widths of one or more layers, such as (256, 64); got {widths!r}")
            for width in widths:
                check_positive_integer(f"every width in {name}", width)
            object.__setattr__(self, name, tuple(widths))

    def check_positive(self, *names: str) -> None:
        """Raises ValueError unless these fields are finite numbers above 0."""
        for name in names:
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number above 0, got {getattr(self, name)}")

    def check_weights(self, *names: str) -> None:
        """Raises ValueError unless these fields are finite numbers of at least 0."""
        for name in names:
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number of at least 0, got {getattr(self, name)}")


ConfigType = TypeVar("ConfigType", bound=BaselineConfig)


class Baseline(ViewModel[ConfigType], Generic[ConfigType]):
    """A method that trains the same encoder, on the same rollouts, for the same probes on its embeddings z.

    Keyword arguments are the fields of the method's `Config`. Methods of two views take the first two of each sequence
    and the action between them. As in the released code of seq-JEPA, each view goes through encoder and heads in a pass
    of its own, so that in train mode batch normalisation sees one view at a time.
    """

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(self.Config(action_dim=action_dim, encoder=encoder, **options))  # pyright: ignore

    def _first_views(self, batch: Sequences, count: int = 2) -> tuple[tuple[Tensor, ...], Tensor]:
        """The first `count` views of a batch, each (B, 3, H, W), and the actions (B, count - 1, A) between them.

        Raises TypeError or ValueError unless the batch holds them, and more than one sequence in train mode.
        """
        views, actions = batch.views, batch.actions
        check_sequences(views, actions, self.config.action_dim, self._weight)
        if views.shape[1] < count:
            raise ValueError(f"{self.config.method} needs sequences of at least {count} views, got {views.shape[1]}")
        if self.training and len(views) < 2:
            raise ValueError(f"training needs at least 2 sequences in a batch to normalise over, got {len(views)}")
        return views[:, :count].unbind(1), actions[:, : count - 1]


class ActionConditioned(Protocol):
    """The further face of methods that predict the embedding of a view from that of another and the action between.

    Both maps live in the space of the projections, where predictions are to be compared with what they predict.
    """

    def project(self, z: Tensor) -> Tensor:
        """Embeddings z (..., D) to projections (..., P)."""
        ...

    def predict(self, projections: Tensor, actions: Tensor) -> Tensor:
        """Projections (..., P) of views and the actions (..., A) that leave them to those of where they lead."""
        ...
