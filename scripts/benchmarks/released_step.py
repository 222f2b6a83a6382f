"""A training step as the code released with seq-JEPA makes it: what ours is held against."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...seqjepa import SeqJEPA


class ReleasedModel(nn.Module):
    """The released saccade model, with the weights that one of ours has.

    Observed actions and the last one are normalised in two batches, the former with a row of zeros per sequence in the
    place of the action that the last view does not have; its embedding is overwritten by zeros. All observed views
    go through the encoder at once, in PyTorch's usual order of memory.

    Args:
        model: with an EMA target and `compatibility="official"`, which is left as it is.
    """

    def __init__(self, model: SeqJEPA):
        super().__init__()
        plain = copy.deepcopy(model)
        assert plain.target_encoder is not None
        assert plain.action_embedding is not None
        self.encoder, self.target_encoder = (_in_usual_order(e) for e in (plain.encoder, plain.target_encoder))
        self.action_proj = nn.Sequential(plain.action_embedding.projection, plain.action_embedding.norm)
        self.agg_token = plain.aggregator.token
        self.transformer_encoder = plain.aggregator.transformer
        self.predictor = plain.predictor

    def forward(self, views: Tensor, actions: Tensor) -> Tensor:
        """Normalised views (B, M + 1, 3, H, W) float32 and actions (B, M, A) float32 to the loss."""
        batch, observed = actions.shape[:2]
        z = self.encoder(views[:, :-1].flatten(0, 1)).view(batch, observed, -1)
        with torch.no_grad():
            target = self.target_encoder(views[:, -1])
        padded = torch.cat([actions[:, :-1], torch.zeros_like(actions[:, -1:])], dim=1)
        embedded = self.action_proj(padded.flatten(0, 1)).view(batch, observed, -1)
        embedded = torch.cat([embedded[:, :-1], torch.zeros_like(embedded[:, -1:])], dim=1)
        leading = self.action_proj(actions[:, -1])
        tokens = torch.cat([self.agg_token.expand(batch, -1, -1), torch.cat([z, embedded], dim=2)], dim=1)
        aggregate = self.transformer_encoder(tokens)[:, 0]
        prediction = self.predictor(torch.cat([aggregate, leading], dim=1))
        return 1 - F.cosine_similarity(prediction, target, dim=-1).mean()


def _in_usual_order(encoder: nn.Module) -> nn.Module:
    return encoder.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]


class ReleasedStep:
    """Optimises a `ReleasedModel` as the released code does: PyTorch's AdamW, no decay on vectors, EMA one by one.

    What it does besides is left out: probes that learn beside the model, and the reading of pictures.

    Args:
        model: ours, see `ReleasedModel`.
        learning_rate, weight_decay: of AdamW.
        tau: of the EMA target.
        bf16: whether to run the model under bfloat16 autocast.
    """

    def __init__(self, model: SeqJEPA, learning_rate: float, weight_decay: float, tau: float, bf16: bool):
        self.model = ReleasedModel(model).train()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=learning_rate)
        self.tau, self.bf16 = tau, bf16

    def __call__(self, views: Tensor, actions: Tensor) -> float:
        """One step on normalised views (B, M + 1, 3, H, W) and actions (B, M, A), both float32; its loss."""
        self.optimiser.zero_grad()
        with torch.autocast(views.device.type, torch.bfloat16, enabled=self.bf16):
            loss = self.model(views, actions)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            pairs = zip(self.model.encoder.parameters(), self.model.target_encoder.parameters(), strict=True)
            for online, average in pairs:
                average.data = self.tau * average.data + (1 - self.tau) * online.data
        return loss.item()
