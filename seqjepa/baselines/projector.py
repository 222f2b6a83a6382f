"""The projector: what most baselines have between the encoder and the loss."""

from dataclasses import dataclass

from torch import nn

from ...envs.checks import check_whole
from .baseline import BaselineConfig
from .heads import End, Head, TransformerHead


@dataclass(frozen=True, kw_only=True)
class ProjectorConfig(BaselineConfig):
    """Configuration of a method with a projector."""

    projector: tuple[int, ...] = (2048, 2048, 2048)
    """Widths of the projector's layers."""
    projector_transformer: int = 0
    """Layers of the transformer that takes the place of the projector's hidden layers (paper, table 8: as many as
    seq-JEPA's aggregator has, 3); 0 for none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_widths("projector")
        check_whole("projector_transformer", self.projector_transformer, 0)

    def make_projector(self, inputs: int, end: End) -> nn.Module:
        """A fresh projector: inputs (..., W) to projections (..., projector[-1])."""
        if self.projector_transformer:
            return TransformerHead(inputs, self.projector_transformer, self.projector[-1], end)
        return Head(inputs, self.projector, end)
