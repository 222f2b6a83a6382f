"""NT-Xent against its formula, term by term."""

import math

import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import nt_xent


def written_out(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    u = np.concatenate([first, second])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    total = 0.0
    for i in range(len(u)):
        partner = (i + len(first)) % len(u)
        others = [math.exp(u[i] @ u[k] / temperature) for k in range(len(u)) if k != i]
        total -= math.log(math.exp(u[i] @ u[partner] / temperature) / sum(others))
    return total / len(u)


@pytest.mark.parametrize(("rows", "width", "temperature"), [(2, 3, 0.5), (7, 4, 0.1), (16, 9, 1.3)])
def test_formula(rows, width, temperature):
    first, second = np.random.default_rng(rows).normal(0.3, 2, (2, rows, width))
    ours = nt_xent(torch.from_numpy(first), torch.from_numpy(second), temperature)
    assert ours.item() == pytest.approx(written_out(first, second, temperature))


def test_gradient():
    views = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: nt_xent(x[0], x[1], 0.5), views)


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_collapsed_embeddings_are_told_apart_by_chance(rows):
    same = torch.ones(rows, 8) * torch.rand(rows, 1, generator=torch.Generator().manual_seed(0))
    assert nt_xent(same, same, 0.5).item() == pytest.approx(math.log(2 * rows - 1), abs=1e-6)


def test_pairs_that_agree_lose_less_than_pairs_that_do_not():
    apart = torch.eye(8)
    agreeing, mixed = nt_xent(apart, apart, 0.5), nt_xent(apart, apart.roll(1, 0), 0.5)
    assert agreeing < math.log(15) < mixed


def test_the_length_of_embeddings_does_not_matter():
    first, second = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(nt_xent(first * 7, second, 0.5), nt_xent(first, second, 0.5))


def test_single_precision_under_autocast():
    first, second = torch.randn(2, 16, 6, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = nt_xent(first, second, 0.1)
    torch.testing.assert_close(loss, nt_xent(first.float(), second.float(), 0.1))
