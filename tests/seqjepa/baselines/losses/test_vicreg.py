"""The terms of VICReg against their formulas in NumPy."""

import numpy as np
import pytest
import torch
from saccadeworld.seqjepa.baselines.losses import vicreg_terms


@pytest.mark.parametrize(("rows", "width", "scale"), [(40, 5, 0.4), (6, 12, 2.0), (2, 3, 0.1)])
def test_formulas(rows, width, scale):
    views = np.random.default_rng(rows).normal(0.5, scale, (2, rows, width))
    views[1, :, 1] = -views[1, :, 0]
    terms = vicreg_terms(*torch.from_numpy(views))
    hinges = [np.maximum(0, 1 - np.sqrt(view.var(0, ddof=1) + 1e-4)).mean() for view in views]
    squares = [np.cov(view.T) ** 2 for view in views]
    assert terms.invariance.item() == pytest.approx(((views[0] - views[1]) ** 2).mean())
    assert terms.variance.item() == pytest.approx(hinges[0] / 2 + hinges[1] / 2)
    assert terms.covariance.item() == pytest.approx(sum(s.sum() - np.trace(s) for s in squares) / width)


def test_collapsed_embeddings_have_no_variance():
    terms = vicreg_terms(torch.ones(8, 5), torch.ones(8, 5))
    assert [term.item() for term in terms] == pytest.approx([0, 0.99, 0])


def test_gradient():
    views = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: sum(vicreg_terms(x[0], x[1])), views)


def test_single_precision_under_autocast():
    views = torch.randn(2, 32, 6, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        terms = vicreg_terms(*views)
    for term, expected in zip(terms, vicreg_terms(*views.float()), strict=True):
        torch.testing.assert_close(term, expected)
