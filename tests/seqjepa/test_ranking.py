import math

import pytest
import torch
from saccadeworld.seqjepa.ranking import Ranks, chance_hits, chance_reciprocal
from sklearn.metrics import label_ranking_average_precision_score


def test_without_ties_the_mean_reciprocal_rank_is_scikit_learns():
    """With one relevant candidate its average precision is one over the rank."""
    random = torch.Generator().manual_seed(0)
    scores, true = torch.rand(200, 30, generator=random), torch.randint(0, 30, (200,), generator=random)
    relevant = torch.nn.functional.one_hot(true, 30)
    ranks = Ranks.of(scores, true)
    assert ranks.mean_reciprocal() == pytest.approx(label_ranking_average_precision_score(relevant, scores))
    orders = [sorted(range(30), key=lambda i, row=row: -row[i]) for row in scores.tolist()]
    places = [order.index(t) + 1 for order, t in zip(orders, true.tolist(), strict=True)]
    for k in (1, 5, 30):
        assert ranks.hits(k) == pytest.approx(sum(place <= k for place in places) / 200)


def test_ties_are_the_mean_over_all_orders():
    """Few different scores, and the true one put at every place among its equals."""
    random = torch.Generator().manual_seed(1)
    scores, true = torch.randint(0, 3, (50, 8), generator=random).float(), torch.randint(0, 8, (50,), generator=random)
    reciprocal, hits = [], []
    for row, t in zip(scores.tolist(), true.tolist(), strict=True):
        above, level = sum(s > row[t] for s in row), sum(s == row[t] for s in row)
        places = range(above + 1, above + level + 1)
        reciprocal.append(sum(1 / place for place in places) / level)
        hits.append(sum(place <= 5 for place in places) / level)
    ranks = Ranks.of(scores, true)
    assert ranks.mean_reciprocal() == pytest.approx(sum(reciprocal) / 50)
    assert ranks.hits(5) == pytest.approx(sum(hits) / 50)


def test_chance_is_that_of_3diebench_and_of_embeddings_all_alike():
    alike = Ranks.of(torch.zeros(7, 50), torch.arange(7))
    assert chance_reciprocal(50) == pytest.approx(0.0900, abs=5e-5) == alike.mean_reciprocal()
    assert chance_reciprocal(50) == pytest.approx(sum(1 / r for r in range(1, 51)) / 50)
    assert alike.hits(1) == pytest.approx(chance_hits(1, 50)) == pytest.approx(0.02)
    assert alike.hits(5) == pytest.approx(chance_hits(5, 50)) == pytest.approx(0.10)
    assert chance_hits(5, 4) == 1.0


def test_guessing_scores_chance():
    scores = torch.rand(40_000, 50, generator=torch.Generator().manual_seed(2))
    ranks = Ranks.of(scores, torch.arange(40_000) % 50)
    assert ranks.mean_reciprocal() == pytest.approx(chance_reciprocal(50), abs=5 * 0.16 / math.sqrt(40_000))
    assert ranks.hits(5) == pytest.approx(0.1, abs=5 * 0.3 / math.sqrt(40_000))
