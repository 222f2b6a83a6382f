"""What every baseline is: the encoder of seq-JEPA under another loss."""

import math
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from ...envs.checks import check_number, check_options, check_whole
from ..config import ViewModelConfig
from ..inputs import Sequences, check_actions, read_sequences
from ..view_model import ViewModel


@dataclass(frozen=True, kw_only=True)
class BaselineConfig(ViewModelConfig):
    """Configuration of a baseline; each method adds its sizes and weights.

    Raises ValueError or TypeError when a value is impossible, naming it and what is possible.
    """

    def check_widths(self, *names: str) -> None:
        """Raises ValueError unless these fields are widths of layers, and turns them into tuples."""
        for name in names:
            widths = getattr(self, name)
            if not widths:
                raise ValueError(f"{name}={widths!r} must have one number or more, such as (256, 64)")
            for width in widths:
                check_whole(f"a width of {name}", width, 1)
            object.__setattr__(self, name, tuple(widths))

    def check_positive(self, *names: str) -> None:
        """Raises ValueError unless these fields are finite numbers above 0."""
        for name in names:
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number above 0, got {getattr(self, name)}")

    def check_weights(self, *names: str) -> None:
        """Raises ValueError unless these fields are finite numbers of at least 0."""
        for name in names:
            check_number(name, getattr(self, name), 0)


ConfigType = TypeVar("ConfigType", bound=BaselineConfig)


class Baseline(ViewModel[ConfigType], Generic[ConfigType]):
    """A method that trains the same encoder, on the same rollouts, for the same probes on its embeddings z.

    Keyword arguments are the fields of the method's `Config`. Methods of two views take the first two of each sequence
    and the action between them. As in the released code of seq-JEPA, each view goes through encoder and heads in a pass
    of its own, so that in train mode batch normalisation sees one view at a time.
    """

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        check_options(self.Config.method, options, self.Config.option_names())
        config = self.Config(action_dim=action_dim, encoder=encoder, **options)
        super().__init__(config)  # pyright: ignore[reportArgumentType]

    def _check(self, batch: Sequences) -> tuple[Tensor, Tensor]:
        """The views (B, L, 3, H, W) and actions (B, L - 1, A) of a batch.

        Raises TypeError or ValueError unless they are such, L >= 2, and more than one sequence in train mode.
        """
        views, actions = read_sequences(batch, self.config.action_dim, self._weight)
        if self.training and len(views) < 2:
            raise ValueError(f"training needs at least 2 sequences in a batch to normalise over, got {len(views)}")
        return views, actions

    def _first_views(self, batch: Sequences, count: int = 2) -> tuple[tuple[Tensor, ...], Tensor]:
        """The first `count` views of a batch, each (B, 3, H, W), and the actions (B, count - 1, A) between them.

        Raises as `_check`, and ValueError where there are fewer.
        """
        views, actions = self._check(batch)
        if views.shape[1] < count:
            raise ValueError(f"{self.config.method} needs sequences of at least {count} views, got {views.shape[1]}")
        return views[:, :count].unbind(1), actions[:, : count - 1]

    def _check_condition(self, projections: Tensor, actions: Tensor, width: int) -> None:
        """Raises TypeError or ValueError unless these are projections (..., width) and actions (..., A)."""
        if projections.ndim < 2 or projections.shape[-1] != width:
            raise ValueError(f"projections must have shape (..., {width}), got {tuple(projections.shape)}")
        check_actions(actions, (*projections.shape[:-1], self.config.action_dim), self._weight)


@runtime_checkable
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
