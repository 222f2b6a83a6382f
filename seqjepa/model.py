"""seq-JEPA: predict the embedding of the next view from the views so far and the actions between them.

Ghaemi, Muller & Bakhtiari, "seq-JEPA: Autoregressive Predictive Learning of Invariant-Equivariant World Models",
NeurIPS 2025.
"""

import os
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..envs.checks import check_options
from ..envs.devices import resolve_device
from .action_embedding import ActionEmbedding
from .aggregator import Aggregator
from .config import SeqJEPAConfig
from .ema import make_target
from .inputs import Sequences, check_actions, check_numbers, read_sequences
from .official import read_official
from .predictor import Predictor
from .ranks import from_first_rank, gather_rows
from .regulariser import DIRECTIONS, at_least_single, sketched_gaussian, spread, variance_covariance
from .view_model import ViewModel


class SeqJEPA(ViewModel[SeqJEPAConfig]):
    """The world model: an encoder, an aggregator and a predictor, trained to predict the next view's embedding.

    Every view i is embedded as z_i (width D) and paired with the embedding e(a_i) (width E) of the action that leaves
    it; the last observed view is paired with zeros. The aggregator reads these tokens, the predictor maps the
    aggregate and e(a_M) to the embedding of view M + 1. The z_i are equivariant, the aggregate is invariant.

    Keyword arguments are the fields of `SeqJEPAConfig`. In train mode every batch normalisation uses the statistics
    of its batch; which rows make up a batch depends on `compatibility`:

    - "mended": all M actions of a sequence are embedded in one batch. With `target="stop-gradient"` all M + 1 views go
      through the encoder in one batch.
    - "official", as the released code: observed actions and the last one are embedded in two batches, the former with
      a dummy row per sequence in place of the missing action that counts in the statistics only: zeros for saccades
      (`action_dim` 2), the last action for 3DIEBench (any other `action_dim`). With `target="stop-gradient"` view
      M + 1 has its own pass through the encoder.

    In both, the EMA target averages parameters, and its running statistics come from its own passes. (Averaging the
    statistics too would make the target useless in eval mode while weights move: after 150 steps at tau = 0.99 its
    embeddings are off by half their length, against a twelfth with statistics of its own.)
    """

    Config = SeqJEPAConfig

    def __init__(self, action_dim: int, encoder: str = "resnet18", **options: Any) -> None:
        check_options(SeqJEPAConfig.method, options, SeqJEPAConfig.option_names())
        super().__init__(SeqJEPAConfig(action_dim=action_dim, encoder=encoder, **options))
        config = self.config
        self.target_encoder: nn.Module | None = None
        if config.target == "ema":
            self.target_encoder = make_target(self.encoder)
        self.action_embedding: ActionEmbedding | None = None
        if config.conditioning != "none":
            self.action_embedding = ActionEmbedding(config.action_dim, config.action_embedding_dim)
        self.aggregator = Aggregator(config.token_dim, config.layers, config.heads, config.dropout)
        self.predictor = Predictor(config.predictor_dim, config.predictor_hidden, config.embedding_dim)

    # The maps after `encode`

    def aggregate(self, z: Tensor, actions: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        """Embeddings z (B, M, D) of M views and the actions (B, M - 1, A) between them to the aggregate (B, D + E).

        `actions` may be left out when M = 1 or the aggregator is not conditioned (the aggregate is then (B, D)). Rows
        with fewer views have these last: `padding`, (B, M) bool, marks the places before them, which are not looked at.
        """
        config = self.config
        check_numbers("z", z, self._weight)
        if z.ndim != 3 or z.shape[1] < 1 or z.shape[2] != config.embedding_dim:
            raise ValueError(f"z must have shape (B, M >= 1, {config.embedding_dim}), got {tuple(z.shape)}")
        if actions is None and (z.shape[1] == 1 or not config.conditions_aggregator):
            actions = z.new_zeros(len(z), z.shape[1] - 1, config.action_dim)
        if actions is None:
            raise ValueError(f"{z.shape[1]} views need the {z.shape[1] - 1} actions between them, got none")
        check_actions(actions, (len(z), z.shape[1] - 1, config.action_dim), self._weight)
        if padding is not None and (padding.shape != z.shape[:2] or padding.dtype != torch.bool):
            given = f"{tuple(padding.shape)} {padding.dtype}"
            raise ValueError(f"padding must be {tuple(z.shape[:2])} bool, as z has views, got {given}")
        return self._aggregate(z, self._embed(actions) if actions.shape[1] else None, padding)

    def predict(self, aggregate: Tensor, actions: Tensor | None = None) -> Tensor:
        """Aggregates (..., D + E) and the next actions (..., A) to predicted embeddings (..., D).

        `actions` may be left out when the predictor is not conditioned.
        """
        return self.predictor(self.predictor_input(aggregate, actions))

    def predictor_input(self, aggregate: Tensor, actions: Tensor | None = None) -> Tensor:
        """What the predictor reads: aggregates (..., D + E) and the embeddings of actions (..., A) side by side."""
        check_numbers("aggregate", aggregate, self._weight)
        if aggregate.ndim < 2 or aggregate.shape[-1] != self.config.token_dim:
            raise ValueError(f"aggregate must have shape (..., {self.config.token_dim}), got {tuple(aggregate.shape)}")
        if actions is None and self.config.conditions_predictor:
            raise ValueError("the predictor needs the action that leads to the next view, got none")
        if actions is None:
            return aggregate
        check_actions(actions, (*aggregate.shape[:-1], self.config.action_dim), self._weight)
        return self._predictor_input(aggregate, self._embed(actions))

    # Training

    def loss(self, batch: Sequences) -> Tensor:
        """The training loss of a batch of sequences, a scalar: 1 - the mean cosine between prediction and target,
        plus the weighted regulariser. Raises as `loss_parts`."""
        return self.loss_parts(batch)["loss"]

    def loss_parts(self, batch: Sequences) -> dict[str, Tensor]:
        """The loss and what it is made of, as scalar tensors: "loss" (with gradient), and detached: "prediction"
        (1 - mean cosine, in [0, 2]), "spread" (0: collapsed, 1: isotropic), and, where the regulariser has a weight,
        its terms: "variance" and "covariance", or "gaussian".

        views (B, M + 1, 3, H, W), actions (B, M, A), M >= 1. Raises ValueError for shapes that do not fit,
        TypeError for dtypes.
        """
        views, actions = read_sequences(batch, self.config.action_dim, self._weight)
        if self.training and len(views) < 2:
            raise ValueError(f"training needs at least 2 sequences in a batch to normalise over, got {len(views)}")

        embeddings, targets = self._embeddings_and_targets(views)
        predictions = self._predictions(embeddings[:, : views.shape[1] - 1], actions)
        prediction = 1 - F.cosine_similarity(at_least_single(predictions), at_least_single(targets), dim=-1).mean()
        rows = embeddings.flatten(0, 1)
        parts = {"loss": prediction, "prediction": prediction.detach(), "spread": spread(rows.detach())}
        if self.config.regulariser_weight:
            regulariser, terms = self._regulariser(rows)
            parts["loss"] = prediction + self.config.regulariser_weight * regulariser
            parts |= {name: term.detach() for name, term in terms.items()}
        return parts

    def _regulariser(self, rows: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The regulariser of embeddings (N, D), and those of other ranks, before it is weighted, and its terms."""
        rows = gather_rows(at_least_single(rows))
        if self.config.regulariser == "sketched-gaussian":
            directions = from_first_rank(torch.randn(rows.shape[1], DIRECTIONS, device=rows.device))
            gaussian = sketched_gaussian(rows, directions)
            return gaussian, {"gaussian": gaussian}
        variance, covariance = variance_covariance(rows)
        return variance + self.config.covariance_weight * covariance, {"variance": variance, "covariance": covariance}

    def _followers(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        return () if self.target_encoder is None else ((self.target_encoder, self.encoder),)

    # Files

    @classmethod
    def from_official(
        cls,
        path: str | os.PathLike[str],
        *,
        mean: tuple[float, float, float] | None = None,
        std: tuple[float, float, float] | None = None,
        device: str | torch.device = "cpu",
    ) -> Self:
        """The model in a checkpoint of the released code, on `device`, in eval mode, with `compatibility="official"`.

        Takes training checkpoints and bare state dictionaries; `mean` and `std` are needed only for kinds that were
        not published (see `read_official`). Raises FileNotFoundError, or ValueError for a file that is damaged, holds
        code, or is not such a checkpoint.
        """
        resolve_device(device)
        config, state = read_official(path, mean, std)
        return cls.restore(config, state, str(path), device)

    # Inside

    def _embeddings_and_targets(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings with gradient of all views but (mostly) the last, and the detached targets (B, 1 or M, D)."""
        first_target = 1 if self.config.prediction == "prefixes" else -1
        if self.target_encoder is not None:
            with torch.no_grad():
                targets = self._encode(self.target_encoder, views[:, first_target:])
            return self._encode(self.encoder, views[:, :-1]), targets
        if self.config.compatibility == "mended":
            embeddings = self._encode(self.encoder, views)
            return embeddings, embeddings[:, first_target:].detach()
        if self.config.saccades:  # which of the two comes first shows in the running statistics
            targets = self._encode(self.encoder, views[:, -1:]).detach()
            return self._encode(self.encoder, views[:, :-1]), targets
        embeddings = self._encode(self.encoder, views[:, :-1])
        return embeddings, self._encode(self.encoder, views[:, -1:]).detach()

    def _predictions(self, z: Tensor, actions: Tensor) -> Tensor:
        """Predictions (B, 1 or M, D) from embeddings (B, M, D) and actions (B, M, A)."""
        e = self._embed_sequence(actions)
        if self.config.prediction == "prefixes":
            return self._predict(self._aggregate_prefixes(z, e), e)
        observed, leading = (None, None) if e is None else (e[:, :-1], e[:, -1])
        return self._predict(self._aggregate(z, observed), leading)[:, None]

    def _embed(self, actions: Tensor) -> Tensor | None:
        return None if self.action_embedding is None else self.action_embedding(actions)

    def _embed_sequence(self, actions: Tensor) -> Tensor | None:
        """Embeddings (B, M, E) of all actions of the sequences."""
        if self.config.compatibility == "mended":
            return self._embed(actions)
        if self.action_embedding is None:
            return None
        last = actions[:, -1:]
        if self.config.saccades:  # which of the two comes first shows in the running statistics
            observed = self.action_embedding(torch.cat([actions[:, :-1], torch.zeros_like(last)], 1))
            leading = self.action_embedding(last)
        else:
            leading = self.action_embedding(last)
            observed = self.action_embedding(actions)
        return torch.cat([observed[:, :-1], leading], 1)

    def _aggregate(self, z: Tensor, observed: Tensor | None, padding: Tensor | None = None) -> Tensor:
        """Embeddings (B, M, D) and embedded actions (B, M - 1, E) to aggregates (B, W)."""
        if not self.config.conditions_aggregator:
            return self.aggregator(z, padding)
        if observed is None:
            observed = z.new_zeros(len(z), 0, self.config.action_embedding_dim)
        return self.aggregator(torch.cat([z, F.pad(observed, (0, 0, 0, 1))], 2), padding)

    def _aggregate_prefixes(self, z: Tensor, e: Tensor | None) -> Tensor:
        """Embeddings (B, M, D) and embedded actions (B, M, E) to the aggregates (B, M, W) of the first 1..M views.

        Each prefix is a sequence of its own, because its last view carries no action; shorter ones are padded.
        """
        batch, length, _ = z.shape
        order = torch.arange(length, device=z.device)
        tokens = z[:, None].expand(-1, length, -1, -1)
        if e is not None and self.config.conditions_aggregator:
            has_action = (order[None] < order[:, None]).unsqueeze(-1)
            tokens = torch.cat([tokens, e[:, None] * has_action], -1)
        padding = (order[None] > order[:, None]).expand(batch, -1, -1)
        return self.aggregator(tokens.flatten(0, 1), padding.flatten(0, 1)).unflatten(0, (batch, length))

    def _predict(self, aggregate: Tensor, e: Tensor | None) -> Tensor:
        return self.predictor(self._predictor_input(aggregate, e))

    def _predictor_input(self, aggregate: Tensor, e: Tensor | None) -> Tensor:
        if e is None or not self.config.conditions_predictor:
            return aggregate
        return torch.cat([aggregate, e], -1)
