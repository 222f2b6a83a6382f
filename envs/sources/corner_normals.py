"""Normals for the corners of faces: smooth over gentle bends, apart at creases."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CREASE = np.cos(np.radians(40.0))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 along the last axis; zero or not finite stays or becomes zero."""
    vectors = np.where(np.isfinite(vectors), vectors, 0.0)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def corner_normals(vertices: np.ndarray, faces: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """Unit normals of all corners of all faces.

    Faces that share an edge and bend by less than 40 degrees share normals at its ends: the mean of the faces so
    connected around a vertex, weighted by their angles there. Vertices at one place count as one.

    Args:
        vertices: (V, 3) float64.
        faces: (F, 3) indices.
        given: (F, 3, 3) normals to use instead, wherever they are not zero.

    Returns:
        (F, 3, 3) float64; a face without area and without given normals points along z.
    """
    corners = vertices[faces]
    flat = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    flat[~flat.any(axis=1)] = (0.0, 0.0, 1.0)
    if given is not None:
        return np.where(given.any(axis=-1, keepdims=True), given, flat[:, None])
    groups = _smooth_groups(vertices, faces, flat)
    weighted = (flat[:, None] * _angles(corners)[..., None]).reshape(-1, 3)
    sums = np.stack([np.bincount(groups, weighted[:, axis]) for axis in range(3)], axis=1)
    normals = unit(sums[groups]).reshape(-1, 3, 3)
    return np.where(normals.any(axis=-1, keepdims=True), normals, flat[:, None])


def _smooth_groups(vertices: np.ndarray, faces: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """(3 F,) a number per corner, equal where corners share a normal."""
    places = np.unique(vertices, axis=0, return_inverse=True)[1].reshape(-1)[faces]
    corner = np.arange(3 * len(faces)).reshape(-1, 3)
    starts, ends = corner, np.roll(corner, -1, axis=1)  # every edge of every face, by its two corners
    turned = places > np.roll(places, -1, axis=1)
    lower, upper = np.where(turned, ends, starts).reshape(-1), np.where(turned, starts, ends).reshape(-1)
    edges = np.stack([places.reshape(-1)[lower], places.reshape(-1)[upper]], axis=1)
    order = np.lexsort(edges.T)
    first, second = order[:-1], order[1:]  # copies of an edge lie beside each other
    bend = (flat[lower[first] // 3] * flat[lower[second] // 3]).sum(axis=1)
    joined = (edges[first] == edges[second]).all(axis=1) & (bend > CREASE)
    first, second = first[joined], second[joined]
    rows, columns = np.concatenate([lower[first], upper[first]]), np.concatenate([lower[second], upper[second]])
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(corner.size, corner.size))
    return connected_components(graph, directed=False)[1]


def _angles(corners: np.ndarray) -> np.ndarray:
    """(F, 3) the angle of each face at each of its corners."""
    ahead = unit(np.roll(corners, -1, axis=1) - corners)
    behind = unit(np.roll(corners, 1, axis=1) - corners)
    return np.arccos(np.clip((ahead * behind).sum(axis=-1), -1, 1))
