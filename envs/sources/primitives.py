"""Solids to build objects from: boxes, turned profiles, tubes and prisms, with normals smooth where the surface is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_CREASE = 0.7  # profile segments that bend by less than 45 degrees share a normal

Vector = Sequence[float]


@dataclass(frozen=True)
class Solid:
    """A closed surface, faces counter-clockwise seen from outside.

    Attributes:
        vertices: (V, 3).
        faces: (F, 3) indices into `vertices`.
        normals: (F, 3, 3) unit normals, one per corner of each face.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Solid:
        return Solid(self.vertices + (x, y, z), self.faces, self.normals)

    def turned(self, axis: str, angle: float) -> Solid:
        """Rotated about the axis "x", "y" or "z" through the origin, by an angle in radians."""
        i = "xyz".index(axis)
        j, k = (i + 1) % 3, (i + 2) % 3
        matrix = np.eye(3)
        matrix[j, j] = matrix[k, k] = np.cos(angle)
        matrix[k, j] = np.sin(angle)
        matrix[j, k] = -matrix[k, j]
        return Solid(self.vertices @ matrix.T, self.faces, self.normals @ matrix.T)

    def scaled(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Solid:
        """Stretched along the axes by positive factors."""
        return Solid(self.vertices * (x, y, z), self.faces, _unit(self.normals / (x, y, z)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt((vectors * vectors).sum(-1, keepdims=True))


def _flat(vertices: np.ndarray, faces: np.ndarray) -> Solid:
    """A solid whose faces are flat to the eye too."""
    a, b, c = vertices[faces[:, 0]], vertices[faces[:, 1]], vertices[faces[:, 2]]
    normals = _unit(np.cross(b - a, c - a))
    return Solid(vertices, faces, np.repeat(normals[:, None], 3, axis=1))


@lru_cache
def _cube() -> Solid:
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    return _flat(corners, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))


def box(x: float, y: float, z: float) -> Solid:
    """A box of the given sides about the origin."""
    cube = _cube()
    return Solid(cube.vertices * (x, y, z), cube.faces, cube.normals)


@lru_cache
def _circle(sides: int) -> np.ndarray:
    """(sides + 1, 2), the first point again at the end."""
    angles = np.arange(sides + 1) * (2 * np.pi / sides)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@lru_cache
def _grid(rows: int, sides: int) -> tuple[np.ndarray, np.ndarray]:
    """Both triangles of every quad between neighbouring rings, as (ring, place on it) of their three corners."""
    row, side = (index.reshape(-1, 1) for index in np.meshgrid(np.arange(rows), np.arange(sides), indexing="ij"))
    rings = np.concatenate([row + (0, 0, 1), row + (0, 1, 1)])
    places = np.concatenate([side + (0, 1, 1), side + (0, 1, 0)])
    return rings, places


def lathe(profile: Sequence[Vector], sides: int = 12) -> Solid:
    """A profile of (radius, height) points, bottom to top along the outside, turned about the z axis.

    It is closed if it starts and ends at radius 0. Round along the profile where it bends by less than 45 degrees.
    """
    points = np.asarray(profile, dtype=float)
    steps = np.diff(points, axis=0)
    across = _unit(np.stack([steps[:, 1], -steps[:, 0]], axis=1))
    starts, ends = across.copy(), across.copy()
    smooth = (across[1:] * across[:-1]).sum(1) > _CREASE
    shared = _unit(across[1:] + across[:-1])[smooth]
    starts[1:][smooth] = shared
    ends[:-1][smooth] = shared

    circle = _circle(sides)
    vertices = np.concatenate([points[:, :1, None] * circle[None, :-1], np.zeros((len(points), sides, 1))], axis=2)
    vertices[:, :, 2] = points[:, 1:]
    rings, places = _grid(len(steps), sides)
    segments = rings[:, :1]
    bend = np.where((rings > segments)[..., None], ends[segments], starts[segments])
    normals = np.concatenate([bend[..., :1] * circle[places], bend[..., 1:]], axis=2)
    # One triangle of a quad has an edge on the lower ring, the other on the upper; on the axis that edge has no length.
    lower, upper = np.split(segments[:, 0], 2)
    solid = points[np.concatenate([lower, upper + 1]), 0] > 0
    return Solid(vertices.reshape(-1, 3), (rings * sides + places % sides)[solid], normals[solid])


def cylinder(radius: float, height: float, top: float | None = None, sides: int = 12) -> Solid:
    """A cylinder, or with a radius `top` a cone or its frustum, standing on the origin."""
    top = radius if top is None else top
    rim = [(top, height)] if top > 0 else []
    return lathe([(0.0, 0.0), (radius, 0.0), *rim, (0.0, height)], sides)


@lru_cache
def _ball(rings: int, sides: int) -> Solid:
    angles = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    radii = np.where(np.abs(angles) > 1.57, 0.0, np.cos(angles))
    ball = lathe(np.stack([radii, np.sin(angles)], axis=1).tolist(), sides)
    return Solid(ball.vertices, ball.faces, _unit(ball.vertices[ball.faces]))


def ellipsoid(x: float, y: float, z: float, rings: int = 6, sides: int = 10) -> Solid:
    """An ellipsoid of the given half axes about the origin."""
    return _ball(rings, sides).scaled(x, y, z)


def tube(path: Sequence[Vector], radius: float | Sequence[float], sides: int = 6) -> Solid:
    """A round tube along a path of points that lie in one plane, with one radius or one per point.

    Flat caps close its ends, unless the path ends where it starts.
    """
    points = np.asarray(path, dtype=float)
    closed = np.array_equal(points[0], points[-1])
    steps = _unit(np.diff(points, axis=0))
    outer = (steps[-1:], steps[:1]) if closed else (steps[:1], steps[-1:])
    tangents = _unit(np.concatenate([outer[0], steps]) + np.concatenate([steps, outer[1]]))
    sideways = np.linalg.svd(points - points.mean(0))[2][-1]
    circle = _circle(sides)
    radial = sideways * circle[:, :1] + np.cross(tangents, sideways)[:, None] * circle[:, 1:]
    radii = np.broadcast_to(np.asarray(radius, dtype=float), len(points))
    vertices = points[:, None] + radii[:, None, None] * radial[:, :-1]
    rings, places = _grid(len(steps), sides)
    faces, normals = rings * sides + places % sides, radial[rings, places]
    if not closed:
        fan = np.stack([np.zeros(sides - 2, int), np.arange(1, sides - 1), np.arange(2, sides)], axis=1)
        faces = np.concatenate([faces, fan[:, ::-1], fan + len(steps) * sides])
        caps = np.repeat([-tangents[0], tangents[-1]], 3 * (sides - 2), axis=0)
        normals = np.concatenate([normals, caps.reshape(-1, 3, 3)])
    return Solid(vertices.reshape(-1, 3), faces, normals)


def arc(radius: float, start: float, stop: float, count: int = 9) -> list[Vector]:
    """Points on a circle about the origin in the x-z plane, from +x towards +z; a whole turn ends where it starts."""
    angles = np.linspace(start, stop, count)
    points = np.stack([radius * np.cos(angles), np.zeros(count), radius * np.sin(angles)], axis=1)
    if np.isclose(stop - start, 2 * np.pi):
        points[-1] = points[0]
    return points.tolist()


def ring(radius: float, thickness: float, count: int = 12, sides: int = 6) -> Solid:
    """A torus about the y axis."""
    return tube(arc(radius, 0.0, 2 * np.pi, count + 1), thickness, sides)


def prism(outline: Sequence[Vector], depth: float) -> Solid:
    """An outline of (x, z) points, counter-clockwise with x to the right and z up, made thick along y about y = 0.

    All of the outline must be visible from its mean point.
    """
    points = np.asarray(outline, dtype=float)
    count = len(points)
    rim = np.concatenate([points, points.mean(0, keepdims=True)])
    front = np.stack([rim[:, 0], np.full(count + 1, -depth / 2), rim[:, 1]], axis=1)
    here = np.arange(count)
    there = (here + 1) % count
    back = count + 1
    faces = [
        (np.full(count, count), here, there),
        (np.full(count, count + back), there + back, here + back),
        (here, here + back, there + back),
        (here, there + back, there),
    ]
    return _flat(np.concatenate([front, front * (1, -1, 1)]), np.concatenate([np.stack(f, axis=1) for f in faces]))
