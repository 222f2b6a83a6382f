"""ContextSSL: predict the embedding of the second view in the light of what the same kind of action did to others.

Gupta, Wang, Wang, Jaakkola & Jegelka, "In-Context Symmetries: Self-Supervised Learning through Contextual World
Models", NeurIPS 2024.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...envs.checks import check_number, check_whole
from ..inputs import Sequences
from ..ranks import from_first_rank
from ..regulariser import at_least_single, spread
from .baseline import Baseline, BaselineConfig
from .context_decoder import ContextDecoder, hidden_from_queries, hidden_in_pairs
from .losses import nt_xent

_QUERIES = 256  # decoded together, each by itself


@dataclass(frozen=True, kw_only=True)
class ContextSSLConfig(BaselineConfig):
    """Configuration of `ContextSSL`; the defaults are those of its paper on 3DIEBench, which seq-JEPA's compares itself
    with. (They go with Adam at a learning rate of 5e-5 times the batch size / 256 and a weight decay of 1e-3.)
    """

    method: ClassVar[str] = "context-ssl"
    kinds: tuple[int, ...] | None = None
    """Numbers of components of the kinds of transformation in an action, in their order, such as (4, 2) for rotation
    and hues, of which every batch shows one; None where there is but one kind."""
    pairs: int = 64
    """Most pairs in a block, that is in a context and what is predicted from it; each is two tokens."""
    masking: float = 0.9
    """Probability with which a pair of the context is hidden from a token in training, in [0, 1]."""
    width: int = 2048
    """Width of the decoder."""
    layers: int = 3
    """Layers of the decoder."""
    heads: int = 4
    """Attention heads of each layer."""
    projection: int = 512
    """Width of the decoder's outputs."""
    temperature: float = 0.1
    """Temperature of NT-Xent."""
    regressor: tuple[int, ...] = (1024, 1024)
    """Widths of the hidden layers of the regressor of poses."""
    supervised_weight: float = 5.0
    """Weight of the regression of poses; 0 takes the supervision away, and the need of poses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_widths("regressor", *([] if self.kinds is None else ["kinds"]))
        for name in ("pairs", "width", "layers", "heads", "projection"):
            check_whole(name, getattr(self, name), 1)
        self.check_positive("temperature")
        self.check_weights("supervised_weight")
        check_number("masking", self.masking, 0, 1)
        if self.width % self.heads:
            raise ValueError(f"heads={self.heads} does not divide the width of the decoder, {self.width}")
        if self.kinds is not None and sum(self.kinds) != self.action_dim:
            raise ValueError(f"kinds={self.kinds} add up to {sum(self.kinds)} numbers, actions have {self.action_dim}")


class Context(NamedTuple):
    """K pairs that show what an action does, of the kind of action that is to be predicted."""

    z: Tensor
    """Embeddings (K, D) of views."""
    actions: Tensor
    """The actions (K, A) that leave them; components of other kinds are 0."""
    following: Tensor
    """Embeddings (K, D) of the views they lead to."""


class ContextSSL(Baseline[ContextSSLConfig]):
    """ContextSSL: a decoder reads two views of scene after scene, x_1, y_1, x_2, y_2, ..., each x_i beside its action
    and each y_i beside zeros, and is to say alike of x_i and of y_i, neither of which sees the other. With p_i and t_i
    its outputs at x_i and y_i,

    loss = NT-Xent(p, t) + w / 2 (mse(r(p_i / |p_i|), pose of y_i) + mse(r(t_i / |t_i|), pose of y_i)).

    **The second term is supervised**: the regressor r is trained, through the encoder, on the absolute pose of the
    second view, which is what probes regress from frozen embeddings afterwards. Its scores there are not on equal
    terms with those of methods that are told only the action between two views.

    The context of a scene is scenes before it in the same block of the batch. Blocks hold at most `pairs` scenes; a
    batch, or each rank's share of it, is cut, in its order, into as few blocks as that allows, as equal in size as can
    be, so that small batches make one block with a shorter context. Where actions are of several `kinds`, one is drawn
    for the batch, the components of the others are hidden from the decoder, and only poses of that kind are regressed,
    so that the context tells to which transformations to attend.

    In train mode both views go through the encoder in one batch, as in ContextSSL's released code, whose clamp of
    negative cosines to 1e-7 is left out. Probes read the encoder's embeddings, as for the other methods; ContextSSL's
    own protocol probes the decoder's outputs in a context of 63 pairs, see `project_in_context`.
    """

    Config = ContextSSLConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        super().__init__(action_dim, encoder, **options)
        config = self.config
        inputs = config.embedding_dim + config.action_dim
        self.decoder = ContextDecoder(inputs, config.width, config.layers, config.heads, config.projection)
        self.regressor: nn.Module | None = None
        if config.supervised_weight:
            self.regressor = _regressor((config.projection, *config.regressor, config.action_dim))

    def project_in_context(self, z: Tensor, context: Context | None = None) -> Tensor:
        """Embeddings z (..., D) to projections (..., P) in a context, or without any."""
        return self._decode(self._tokens(z), context)

    def predict_in_context(self, z: Tensor, actions: Tensor, context: Context | None = None) -> Tensor:
        """Embeddings z (..., D) of views and the actions (..., A) that leave them to predicted projections (..., P) of
        the views they lead to, in a context, or without any.

        Only their direction counts: compare them by their cosine with what `project_in_context` makes of views in the
        same context. Components of actions of other kinds than the context's must be 0.
        """
        self._check_condition(z, actions, self.config.embedding_dim)
        return self._decode(self._tokens(z, actions), context)

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss as "loss" (with gradient), and, detached, "spread" of the embeddings (0: collapsed, 1: isotropic)
        and the terms before they are weighted: "contrastive", and, where it has a weight, "supervised_pose" (the mean
        squared error of the regressor).

        views (B, L >= 2, 3, H, W), actions (B, L - 1, A), and with supervision poses (B, L, P >= A), whose first
        components are those that actions change. Raises ValueError for shapes that do not fit, TypeError for dtypes and
        for poses that are not there.
        """
        views, actions = self._check(batch)
        kind = self._draw_kind()
        z = self.encode(views[:, :2])
        tokens = torch.stack([self._tokens(z[:, 0], actions[:, 0] * kind), self._tokens(z[:, 1])], 1)
        outputs = at_least_single(self._decode_blocks(tokens))
        loss = nt_xent(outputs[:, 0], outputs[:, 1], self.config.temperature)
        parts = {"loss": loss, "contrastive": loss.detach(), "spread": spread(z[:, 0].detach())}
        if self.regressor is not None:
            poses = _poses(batch, self.config.action_dim)[:, 1]
            errors = at_least_single(self.regressor(F.normalize(outputs, dim=-1))) - poses[:, None]
            supervised = (errors.square() * kind).mean() * (len(kind) / kind.sum())
            parts["loss"] = loss + self.config.supervised_weight * supervised
            parts["supervised_pose"] = supervised.detach()
        return parts

    def _draw_kind(self) -> Tensor:
        """1 for the components of actions of the kind that the batch shows, 0 for the others: (A,)."""
        kinds = self.config.kinds or (self.config.action_dim,)
        device = self._weight.device
        components = torch.cat([torch.full((count,), kind, device=device) for kind, count in enumerate(kinds)])
        drawn = from_first_rank(torch.randint(len(kinds), (1,), device=device))
        return (components == drawn).to(self._weight.dtype)

    def _tokens(self, z: Tensor, actions: Tensor | None = None) -> Tensor:
        """Embeddings (..., D) and actions (..., A), or zeros in their place, to tokens (..., D + A)."""
        if actions is None:
            actions = z.new_zeros(*z.shape[:-1], self.config.action_dim)
        return torch.cat([z, actions.to(z.dtype)], -1)

    def _decode_blocks(self, tokens: Tensor) -> Tensor:
        """Tokens (B, 2, W) of pairs to outputs (B, 2, P), where each block of the batch is a context of its own."""
        config, count = self.config, len(tokens)
        blocks = -(-count // config.pairs)
        pairs = -(-count // blocks)
        padded = F.pad(tokens, (0, 0, 0, 0, 0, blocks * pairs - count))  # at the end, where nothing sees it
        masking = config.masking if self.training else 0.0
        hidden = [hidden_in_pairs(pairs, masking, tokens.device) for _ in range(config.layers)]
        outputs = self.decoder(padded.view(blocks, 2 * pairs, -1), hidden)
        return outputs.view(blocks * pairs, 2, -1)[:count]

    def _decode(self, tokens: Tensor, context: Context | None) -> Tensor:
        """Tokens (..., W) to outputs (..., P), each in the context by itself."""
        before = tokens.new_zeros(0, tokens.shape[-1]) if context is None else self._context_tokens(context)
        outputs = torch.cat(list(self._decode_queries(tokens.flatten(0, -2), before)))
        return outputs.view(*tokens.shape[:-1], -1)

    def _decode_queries(self, queries: Tensor, before: Tensor) -> Iterator[Tensor]:
        for chunk in queries.split(_QUERIES):
            hidden = hidden_from_queries(len(before) // 2, len(chunk), chunk.device)
            yield self.decoder(torch.cat([before, chunk])[None], [hidden] * self.config.layers)[0, len(before) :]

    def _context_tokens(self, context: Context) -> Tensor:
        """The tokens (2 K, W) of a context."""
        self._check_condition(context.z, context.actions, self.config.embedding_dim)
        if context.z.ndim != 2 or context.following.shape != context.z.shape:
            shapes = tuple(context.z.shape), tuple(context.following.shape)
            raise ValueError(f"a context has two embeddings (K, {self.config.embedding_dim}) per pair, got {shapes}")
        return torch.stack([self._tokens(context.z, context.actions), self._tokens(context.following)], 1).flatten(0, 1)


def _poses(batch: Sequences, width: int) -> Tensor:
    """The first components (B, L, width) of a batch's poses. Raises TypeError or ValueError for others."""
    poses = getattr(batch, "poses", None)
    if not isinstance(poses, Tensor) or not poses.is_floating_point():
        raise TypeError(
            "context-ssl regresses poses, and the batch has none that are floating point: train it on rollouts, or "
            "with supervised_weight=0"
        )
    if poses.ndim != 3 or poses.shape[:2] != batch.views.shape[:2] or poses.shape[2] < width:
        wanted = (*batch.views.shape[:2], width)
        raise ValueError(f"poses must have shape {wanted}, or more components; got {tuple(poses.shape)}")
    return poses[..., :width]


def _regressor(widths: tuple[int, ...]) -> nn.Sequential:
    layers = [layer for before, after in pairwise(widths) for layer in (nn.Linear(before, after), nn.ReLU())]
    return nn.Sequential(*layers[:-1])
