import importlib.util
import sys

import pytest
import torch
from saccadeworld.seqjepa import latent_maps
from saccadeworld.seqjepa.latent_maps import principal_map, silhouette, umap_map
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score


@pytest.fixture
def features():
    random = torch.Generator().manual_seed(0)
    return torch.randn(200, 10, generator=random) @ torch.randn(10, 10, generator=random) + 5


def test_principal_components_are_scikit_learns_but_for_signs(features):
    ours, theirs = principal_map(features, 3), PCA(3).fit(features.double())
    expected = torch.from_numpy(theirs.transform(features.double())).float()
    torch.testing.assert_close(ours.points.abs(), expected.abs(), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(ours.explained, torch.from_numpy(theirs.explained_variance_ratio_).float())


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_features(features):
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        principal_map(features[order]).points, principal_map(features).points[order], rtol=1e-4, atol=1e-4
    )


def test_a_plane_is_explained_whole():
    plane = torch.randn(50, 2) @ torch.randn(2, 6)
    assert principal_map(plane).explained.sum() == pytest.approx(1)
    assert principal_map(torch.ones(50, 6)).explained.tolist() == [0, 0]


@pytest.mark.parametrize("memory", [1 << 24, 500])
def test_the_silhouette_is_scikit_learns(features, memory, monkeypatch):
    """Also for a group of one and groups without members."""
    monkeypatch.setattr(latent_maps, "_DISTANCES_AT_ONCE", memory)
    labels = torch.randint(0, 4, (200,), generator=torch.Generator().manual_seed(2)) * 3
    labels[7] = 50
    features = features + labels[:, None]
    assert silhouette(features, labels) == pytest.approx(silhouette_score(features.double(), labels), abs=1e-6)


def test_groups_apart_and_one_on_another_are_known():
    labels = torch.arange(100) % 2
    assert silhouette(1000.0 * labels[:, None] + torch.rand(100, 1), labels) > 0.99
    assert silhouette(torch.ones(100, 3), labels) == 0


def test_what_cannot_be_mapped_is_refused(features):
    with pytest.raises(ValueError, match="dimensions=11 of 200 features of width 10: use 1 to 10"):
        principal_map(features, 11)
    with pytest.raises(ValueError, match=r"a map is made of features \(N, D\), got \(20, 10, 10\)"):
        principal_map(features.view(20, 10, 10))
    with pytest.raises(ValueError, match="200 features have 3 labels: give one each"):
        silhouette(features, torch.arange(3))
    with pytest.raises(ValueError, match="1 group of features"):
        silhouette(features, torch.zeros(200, dtype=torch.int64))
    with pytest.raises(ValueError, match="neighbours=15 of 10 features"):
        umap_map(features[:10])


def test_without_umap_learn_the_remedy_is_named(features, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn"):
        umap_map(features)


@pytest.mark.skipif(importlib.util.find_spec("umap") is None, reason="umap-learn is not installed")
def test_umap_keeps_groups_apart(features):
    labels = torch.arange(200) % 2
    points = umap_map(features + 100 * torch.nn.functional.one_hot(labels, 10))
    assert points.shape == (200, 2)
    assert silhouette(points, labels) > 0.5
