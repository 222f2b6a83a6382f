"""Solids are closed, of the volume their formulas say, with normals that point outwards."""

import math

import numpy as np
import pytest
import trimesh
from saccadeworld.envs.sources.primitives import arc, box, cylinder, ellipsoid, lathe, prism, ring, tube

BEND = math.pi / 12  # half the angle between neighbouring sides of a solid of twelve
TWELVE = 6 * math.sin(2 * BEND)  # area of a twelve-sided polygon in the unit circle, to be compared with pi


@pytest.mark.parametrize(
    ("solid", "volume"),
    [
        (box(1, 2, 3), 6),
        (cylinder(0.5, 2), 0.25 * TWELVE * 2),
        (cylinder(1, 3, 0), TWELVE),
        (cylinder(2, 3, 1), TWELVE * (4 + 2 + 1)),
        (lathe([(0, 0), (1, 0), (1, 2), (0.9, 2), (0.9, 0.1), (0, 0.1)]), TWELVE * (2 - 0.81 * 1.9)),
        (ellipsoid(1, 2, 3, rings=64, sides=128), 4 / 3 * math.pi * 6),
        (ring(1, 0.25, count=128, sides=64), 2 * math.pi**2 * 0.25**2),
        (tube([(0, 0, 0), (1, 2, 2)], 0.5, sides=12), 0.25 * TWELVE * 3),
        (prism([(0, 0), (2, 0), (1, 1)], 3), 3),
        (box(1, 2, 3).scaled(2, 1, 0.5).turned("y", 1.0).moved(3, 2, 1), 6),
        (tube(arc(1, 0, math.pi, 65), 0.25, sides=64), math.pi**2 * 0.25**2),
    ],
)
def test_solids(solid, volume):
    mesh = trimesh.Trimesh(solid.vertices, solid.faces)  # merges vertices at one place
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(volume, rel=5e-3)
    np.testing.assert_allclose(np.linalg.norm(solid.normals, axis=-1), 1, atol=1e-9)
    a, b, c = (solid.vertices[solid.faces[:, i]] for i in range(3))
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert (flat[:, None] * solid.normals).sum(-1).min() > 0.9


def test_scaling_turns_normals_with_the_surface():
    ball = ellipsoid(0.5, 1.5, 3.0, rings=6, sides=10)
    corners = ball.vertices[ball.faces]
    gradient = corners / np.array([0.5, 1.5, 3.0]) ** 2
    gradient /= np.linalg.norm(gradient, axis=-1, keepdims=True)
    np.testing.assert_allclose(ball.normals, gradient, atol=1e-9)


def test_turning_is_right_handed():
    solid = box(1, 1, 1).moved(x=5).turned("z", math.pi / 2)
    np.testing.assert_allclose(solid.vertices.mean(0), [0, 5, 0], atol=1e-12)
    np.testing.assert_allclose(box(1, 1, 1).moved(y=5).turned("x", math.pi / 2).vertices.mean(0), [0, 0, 5], atol=1e-12)


def test_a_cylinder_is_round_along_its_side_and_sharp_at_its_rim():
    rod = cylinder(1, 2)
    sideways = np.abs(rod.normals[..., 2]) < 0.5
    corners = rod.vertices[rod.faces]
    np.testing.assert_allclose(rod.normals[sideways][:, :2], corners[sideways][:, :2], atol=1e-9)
    np.testing.assert_allclose(np.abs(rod.normals[~sideways][:, 2]), 1)
