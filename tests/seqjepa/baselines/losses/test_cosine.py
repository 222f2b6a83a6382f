import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import cosine_distance
from tiny_baselines import cosine


def test_formula():
    predictions, targets = np.random.default_rng(0).normal(size=(2, 4, 3, 7))
    ours = cosine_distance(torch.from_numpy(predictions), torch.from_numpy(targets))
    assert ours.item() == pytest.approx(1 - cosine(predictions, targets).mean())


def test_collapsed_embeddings_lose_nothing():
    """Which is why such methods need a target that follows, or another term."""
    assert cosine_distance(torch.ones(5, 3), 2 * torch.ones(5, 3)).item() == pytest.approx(0, abs=1e-6)
    assert cosine_distance(torch.ones(5, 3), -torch.ones(5, 3)).item() == pytest.approx(2)


def test_single_precision_under_autocast():
    predictions, targets = torch.randn(2, 16, 6, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        distance = cosine_distance(predictions, targets)
    torch.testing.assert_close(distance, cosine_distance(predictions.float(), targets.float()))
