"""Maps of embeddings in a few dimensions, and how well groups stand apart."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..envs.checks import check_whole

_DISTANCES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class PrincipalMap:
    """Embeddings along their principal components.

    Attributes:
        points: (N, d) float32, centred.
        explained: (d,) float32, the share of the variance along each, falling.
    """

    points: Tensor
    explained: Tensor


def principal_map(features: Tensor, dimensions: int = 2) -> PrincipalMap:
    """The first principal components of features (N, D), each of the sign that makes its largest weight positive.

    Raises:
        TypeError, ValueError: for other features, fewer than two of them, or more dimensions than min(N, D).
    """
    if features.ndim != 2:
        raise ValueError(f"a map is made of features (N, D), got {tuple(features.shape)}")
    check_whole("dimensions", dimensions, 1)
    count, width = features.shape
    if count < 2 or not 1 <= dimensions <= min(count, width):
        raise ValueError(f"dimensions={dimensions} of {count} features of width {width}: use 1 to {min(count, width)}")
    centred = features.double() - features.double().mean(0)
    variances, directions = torch.linalg.eigh(centred.T @ centred)
    directions = directions.flip(1)[:, :dimensions]
    directions = directions * directions.gather(0, directions.abs().argmax(0, keepdim=True)).sign()
    shares = variances.flip(0)[:dimensions].clamp_min(0) / variances.sum().clamp_min(torch.finfo(torch.float64).tiny)
    return PrincipalMap((centred @ directions).float(), shares.float())


def umap_map(
    features: Tensor, dimensions: int = 2, neighbours: int = 15, min_distance: float = 0.1, seed: int = 0
) -> Tensor:
    """UMAP of features (N, D) by their cosine, (N, d) float32, on the CPU.

    McInnes, Healy & Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
    arXiv:1802.03426, by the package umap-learn. Distances between far points mean little.

    Args:
        features: (N, D) float32.
        dimensions: of the map.
        neighbours: whose distances are kept, less than N.
        min_distance: how close points may lie.
        seed: of the map; it also keeps umap-learn to one thread.

    Raises:
        ImportError: without the package.
        ValueError: for too few features.
    """
    if not 2 <= neighbours < len(features):
        raise ValueError(f"neighbours={neighbours} of {len(features)} features: use 2 to {len(features) - 1}")
    try:
        from umap import UMAP  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f"this map is made by umap-learn, which cannot be imported ({error}): install it with "
            "`pip install umap-learn`, or use principal components"
        ) from error
    mapper = UMAP(
        n_components=dimensions,
        n_neighbors=neighbours,
        min_dist=min_distance,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    )
    return torch.from_numpy(mapper.fit_transform(features.cpu().numpy())).float()


def silhouette(features: Tensor, labels: Tensor) -> float:
    """How much nearer features are to their own group than to the nearest other one, in [-1, 1].

    Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", 1987: the mean
    of (b - a) / max(a, b), where a is the mean Euclidean distance to the others of the group, and b the least mean
    distance to another group. One alone in its group scores 0.

    Args:
        features: (N, D) float32.
        labels: (N,) int64, the group of each.

    Raises:
        ValueError: for fewer than two groups, or another number of labels than of features.
    """
    if len(features) != len(labels):
        raise ValueError(f"{len(features)} features have {len(labels)} labels: give one each")
    groups, members, sizes = labels.unique(return_inverse=True, return_counts=True)
    if len(groups) < 2:
        raise ValueError(f"{len(groups)} group of features has nothing to stand apart from; at least 2 are needed")
    belongs = torch.nn.functional.one_hot(members).double()
    rows = torch.arange(len(features), device=features.device)
    scores = [
        _silhouettes(features[block], features, members[block], belongs, sizes)
        for block in rows.split(max(1, _DISTANCES_AT_ONCE // len(features)))
    ]
    return torch.cat(scores).mean().item()


def _silhouettes(block: Tensor, features: Tensor, members: Tensor, belongs: Tensor, sizes: Tensor) -> Tensor:
    """(B, D), (N, D), (B,) groups of the block, (N, G) one-hot groups, (G,) -> (B,) float64."""
    totals = torch.cdist(block.double(), features.double()) @ belongs
    own = members[:, None]
    within = totals.gather(1, own)[:, 0] / (sizes[members] - 1).clamp_min(1)
    beside = (totals / sizes).scatter(1, own, torch.inf).amin(1)
    larger = torch.maximum(within, beside)
    score = torch.where(larger > 0, (beside - within) / larger, 0.0)
    return torch.where(sizes[members] > 1, score, 0.0)
