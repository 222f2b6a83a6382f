import pytest
import torch
from saccadeworld.seqjepa import nearest as nearest_file
from saccadeworld.seqjepa.nearest import nearest
from sklearn.neighbors import NearestNeighbors


@pytest.fixture(params=[1 << 24, 100], ids=["at once", "row by row"])
def memory(request, monkeypatch):
    monkeypatch.setattr(nearest_file, "_SCORES_AT_ONCE", request.param)


@pytest.mark.usefixtures("memory")
def test_neighbours_are_scikit_learns():
    random = torch.Generator().manual_seed(0)
    queries, gallery = torch.randn(40, 6, generator=random), torch.randn(90, 6, generator=random)
    theirs = NearestNeighbors(n_neighbors=4, metric="cosine").fit(gallery).kneighbors(queries, return_distance=False)
    assert torch.equal(nearest(queries, gallery, 4), torch.from_numpy(theirs))


@pytest.mark.usefixtures("memory")
def test_excluded_candidates_are_not_found():
    gallery = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    itself = torch.arange(60)[:, None]
    assert torch.equal(nearest(gallery, gallery, 1), itself)
    others = nearest(gallery, gallery, 3, itself)
    assert torch.equal(others, nearest(gallery, gallery, 4)[:, 1:])


def test_more_neighbours_than_candidates_are_refused():
    gallery = torch.randn(5, 3)
    with pytest.raises(ValueError, match="count=5 neighbours of 4 candidates: use 1 to 4"):
        nearest(gallery, gallery, 5, torch.arange(5)[:, None])
    with pytest.raises(ValueError, match="count=0"):
        nearest(gallery, gallery, 0)
