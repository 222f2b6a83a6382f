"""Everything that defines a model, as one frozen, JSON-able value."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self

from ..envs.checks import check_fields, check_number, check_whole
from .encoder import ENCODERS

Target = Literal["ema", "stop-gradient"]
Conditioning = Literal["both", "aggregator", "predictor", "none"]
Prediction = Literal["last", "prefixes"]
Compatibility = Literal["mended", "official"]
Regulariser = Literal["variance-covariance", "sketched-gaussian"]


@dataclass(frozen=True, kw_only=True)
class EncoderOptions:
    """What a person chooses of an encoder."""

    encoder: str = "resnet18"
    """"resnet18" (standard stem), "resnet18-cifar" (3x3 stem, no pooling), "small" (three thin blocks, for CPUs), or
    one of your own (see `register_encoder`)."""
    encoder_width: int | None = None
    """Channels of the first stage; None takes the encoder's own (64 for the ResNets, 32 for "small")."""

    @property
    def embedding_dim(self) -> int:
        """Width D of the embedding z of a view."""
        return ENCODERS[self.encoder].embedding_dim(self.encoder_width)


@dataclass(frozen=True, kw_only=True)
class ViewModelConfig(EncoderOptions):
    """What the configurations of all models hold: the encoder, and what the world dictates.

    Raises ValueError or TypeError when a value is impossible, naming it and what is possible.
    """

    method: ClassVar[str]
    """Name of the method, which tells checkpoints apart."""

    told_actions: ClassVar[bool] = True
    """False for methods that have no use for actions, and so can look at any world."""
    action_dim: int
    """Number of components A of an action: 2 for saccades, 4 for rotations as quaternions."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Mean of the red, green and blue channel in [0, 1] units, subtracted from uint8 views."""
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)
    """Standard deviation of the channels in [0, 1] units, by which uint8 views are divided."""
    views: str | None = None
    """What views it was trained on, as `World.optics` tells it; None where that is not known."""

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            object.__setattr__(self, name, _three_numbers(name, getattr(self, name)))
        check_fields(self)
        if self.encoder not in ENCODERS:
            known = ", ".join(map(repr, ENCODERS))
            raise ValueError(f"encoder {self.encoder!r} is unknown; choose one of {known}, or register it before")
        if self.encoder_width is not None:
            check_whole("encoder_width", self.encoder_width, 1)
        check_whole("action_dim", self.action_dim, 1)
        if min(self.std) <= 0:
            raise ValueError(f"std must be positive in every channel, got {self.std}")

    @classmethod
    def option_names(cls) -> set[str]:
        """Names of the fields."""
        return {field.name for field in fields(cls)}

    def to_dict(self) -> dict[str, Any]:
        """The configuration as a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The configuration that `to_dict` gave. Raises ValueError for a field that is unknown or missing."""
        unknown = set(values) - cls.option_names()
        if unknown:
            raise ValueError(f"unknown configuration fields {sorted(unknown)}; was it written by a newer version?")
        if "action_dim" not in values:
            raise ValueError("the configuration lacks the field 'action_dim'")
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(EncoderOptions):
    """What a person chooses of a model; the defaults are those of the paper (Ghaemi et al., 2025, section 4 and
    appendix A)."""

    action_embedding_dim: int = 128
    """Width E of the action embedding."""
    layers: int = 3
    """Layers of the aggregator."""
    heads: int = 4
    """Attention heads of the aggregator; they must divide the width of its tokens."""
    dropout: float = 0.1
    """Dropout rate of the aggregator, in [0, 1)."""
    predictor_hidden: int = 1024
    """Width of the predictor's hidden layer."""
    target: Target = "ema"
    """What makes the embedding to predict: a slowly following copy of the encoder ("ema") or the encoder itself,
    without gradient ("stop-gradient")."""
    conditioning: Conditioning = "both"
    """Who is told the actions: aggregator and predictor, one of them, or nobody."""
    prediction: Prediction = "last"
    """"last": the view after all M observed ones, as in the paper; "prefixes" (not in the paper): the next view after
    each of the first 1, 2, ..., M views, which gives M predictions for one pass through the encoder."""
    compatibility: Compatibility = "mended"
    """"official" reproduces what the released code does with its normalisation statistics (see `SeqJEPA`)."""
    regulariser: Regulariser = "variance-covariance"
    """The term on the embeddings against collapse (not in the paper): "variance-covariance", as in VICReg, or
    "sketched-gaussian", as in LeJEPA (see `regulariser`)."""
    regulariser_weight: float = 0.0
    """Weight of that term; 0 leaves it out."""
    covariance_weight: float = 0.04
    """Weight of the covariance inside the variance-covariance term, the variance having 1 (VICReg: 1 to 25)."""

    @property
    def token_dim(self) -> int:
        """Width of the aggregator's tokens and of the aggregate: D + E, or D when the tokens carry no action."""
        return self.embedding_dim + self.action_embedding_dim * self.conditions_aggregator

    @property
    def predictor_dim(self) -> int:
        """Width of the predictor's input."""
        return self.token_dim + self.action_embedding_dim * self.conditions_predictor

    @property
    def conditions_aggregator(self) -> bool:
        """Whether the aggregator's tokens carry the actions between the views."""
        return self.conditioning in ("both", "aggregator")

    @property
    def conditions_predictor(self) -> bool:
        """Whether the predictor is told the action that leads to the view it predicts."""
        return self.conditioning in ("both", "predictor")


@dataclass(frozen=True, kw_only=True)
class SeqJEPAConfig(ModelOptions, ViewModelConfig):
    """Configuration of `SeqJEPA`: the options, and what the world dictates.

    Raises ValueError or TypeError when a value is impossible, naming it and what is possible.
    """

    method: ClassVar[str] = "seq-jepa"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("action_embedding_dim", "layers", "heads", "predictor_hidden"):
            check_whole(name, getattr(self, name), 1)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {self.dropout}")
        for name in ("regulariser_weight", "covariance_weight"):
            check_number(name, getattr(self, name), 0)
        if self.token_dim % self.heads:
            raise ValueError(
                f"heads={self.heads} does not divide the width of a token, {self.token_dim} "
                f"(embedding {self.embedding_dim} + action {self.token_dim - self.embedding_dim}); "
                "change heads, encoder_width or action_embedding_dim"
            )
        if self.compatibility == "official" and self.prediction == "prefixes":
            raise ValueError('prediction="prefixes" is not part of the released model: use compatibility="mended"')

    @property
    def saccades(self) -> bool:
        """Whether actions are saccades (two components), for which the released code has a model of its own."""
        return self.action_dim == 2


def _three_numbers(name: str, values: Any) -> tuple[float, float, float]:
    try:
        red, green, blue = map(float, values)
    except (TypeError, ValueError):
        red = green = blue = math.nan
    if not math.isfinite(red + green + blue):
        raise ValueError(f"{name} must be three numbers (red, green, blue), got {values!r}")
    return red, green, blue
