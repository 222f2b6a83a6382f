import numpy as np
import torch
from saccadeworld.saliency.models.channels.structure import structure
from scipy import ndimage


def reference(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Eigenvalues of the tensor of each pixel. (K, H, W) -> (H, W, 2), ascending."""
    down, across = (ndimage.correlate1d(picture, [-0.5, 0, 0.5], axis, mode="nearest") for axis in (1, 2))
    products = [(a * b).sum(0) for a, b in ((down, down), (down, across), (across, across))]
    reach = int(np.ceil(3 * sigma))
    rows, mixed, cols = (ndimage.gaussian_filter(p, sigma, mode="nearest", radius=reach) for p in products)
    return np.linalg.eigvalsh(np.stack([rows, mixed, mixed, cols], -1).reshape(*rows.shape, 2, 2))


def test_it_is_the_roots_of_the_eigenvalues():
    pictures = np.random.default_rng(0).normal(size=(2, 3, 20, 31))
    for sigma in (1.0, 2.5):
        smaller, larger = structure(torch.from_numpy(pictures).float(), sigma)
        for i, picture in enumerate(pictures):
            expected = np.sqrt(reference(picture, sigma))
            assert np.allclose(smaller[i, 0].numpy(), expected[..., 0], atol=1e-4)
            assert np.allclose(larger[i, 0].numpy(), expected[..., 1], atol=1e-4)


def test_straight_edges_have_no_corners():
    square = torch.zeros(1, 1, 40, 40)
    square[:, :, 10:, 10:] = 50
    smaller, larger = structure(square, 1.0)
    assert smaller[0, 0, 10, 10] > 5, "a corner"
    assert smaller[0, 0, 10, 30] < 1e-2, "an edge"
    assert larger[0, 0, 10, 30] > 5
    assert larger[0, 0, 25, 25] == 0
