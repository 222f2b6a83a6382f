"""Small meshes, and a slow ray tracer in NumPy as the reference for the renderer."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from saccadeworld.envs.renderer import Setup
from saccadeworld.envs.sources.banks import Mesh


def make_mesh(vertices, faces, colours=(0.8, 0.5, 0.2), uvs=None, texture=None) -> Mesh:
    """Flat-shaded, of one colour or one per face."""
    vertices, faces = np.asarray(vertices, np.float32), np.asarray(faces, np.int32)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    return Mesh(
        vertices=vertices,
        faces=faces,
        normals=np.repeat(flat[:, None], 3, axis=1),
        colours=np.broadcast_to(np.asarray(colours, np.float32), (len(faces), 3)).copy(),
        uvs=np.zeros((len(faces), 3, 2), np.float32) if uvs is None else np.asarray(uvs, np.float32)[faces],
        texture_ids=np.full(len(faces), -1 if texture is None else 0, np.int32),
        textures=() if texture is None else (texture,),
    )


class Reference:
    """The renderer's model of the world, ray by ray in float64, from the docstrings of `Setup`."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        polar, azimuth = setup.camera_polar, setup.camera_azimuth
        self.eye = setup.camera_distance * spherical(polar, azimuth)
        forward = -spherical(polar, azimuth)
        right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
        self.axes = np.stack([right, np.cross(forward, right), forward])  # right, down and forward in the picture

    def rays(self) -> np.ndarray:
        """(S, S, 3) unit directions through the centres of the pixels."""
        size, half = self.setup.size, math.tan(self.setup.field_of_view / 2)
        places = ((np.arange(size) + 0.5) / size * 2 - 1) * half
        x, y = np.meshgrid(places, places)
        rays = x[..., None] * self.axes[0] + y[..., None] * self.axes[1] + self.axes[2]
        return rays / np.linalg.norm(rays, axis=-1, keepdims=True)

    def project(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) row and column, in pixels, of points in the world."""
        x, y, depth = np.moveaxis((points - self.eye) @ self.axes.T, -1, 0)
        half = math.tan(self.setup.field_of_view / 2)
        return (np.stack([y, x], axis=-1) / depth[..., None] / half + 1) / 2 * self.setup.size

    def lamp(self, stage) -> np.ndarray:
        return self.setup.spot_distance * spherical(stage[1], stage[2])

    def light(self, points: np.ndarray, normals: np.ndarray, stage, shadowed: np.ndarray) -> np.ndarray:
        """(..., 3) radiance of a white matt surface."""
        s = self.setup
        floor = np.array(colorsys.hsv_to_rgb(stage[0], s.floor_saturation, s.floor_value))
        sun = spherical(s.sun_polar, s.sun_azimuth)
        below = floor * (s.sun * sun[2] + s.sky) if s.floor is not None else np.full(3, s.sky)
        up = (1 + normals[..., 2:]) / 2
        total = s.sky * up + below * (1 - up) + s.sun * cap_irradiance(normals @ sun, s.sun_size / 2)[..., None]
        to_lamp = self.lamp(stage) - points
        distance = np.linalg.norm(to_lamp, axis=-1)
        to_lamp = to_lamp / distance[..., None]
        inner = math.cos(s.spot_cone / 2)
        t = np.clip((to_lamp @ spherical(stage[1], stage[2]) - inner) / (s.spot_blend * (1 - inner)), 0, 1)
        strength = s.spot * (s.spot_distance / distance) ** 2 * np.clip((normals * to_lamp).sum(-1), 0, None)
        strength = strength * (3 * t**2 - 2 * t**3) * ~shadowed
        return total + strength[..., None] * np.array(colorsys.hsv_to_rgb(stage[3], s.spot_saturation, s.spot_value))

    def trace(self, mesh: Mesh, matrix: np.ndarray, stage) -> tuple[np.ndarray, np.ndarray]:
        """(S, S, 3) sRGB in [0, 255] and (S, S) whether a pixel shows the object, for a mesh without textures."""
        corners = (mesh.vertices.astype(float) @ matrix.T)[mesh.faces]
        rays = self.rays()
        face, depth, weights = cast(corners, np.broadcast_to(self.eye, rays.shape), rays)
        hit = face >= 0
        normals = np.einsum("...k,...kc->...c", weights, mesh.normals[face].astype(float)) @ matrix.T
        flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[face]
        normals *= np.sign((normals * flat).sum(-1, keepdims=True)) * -np.sign((flat * rays).sum(-1, keepdims=True))
        normals[hit] /= np.linalg.norm(normals[hit], axis=-1, keepdims=True)
        albedo = mesh.colours[face].astype(float)
        if self.setup.floor is not None:
            drop = (self.setup.floor - self.eye[2]) / rays[..., 2]
            depth = np.where(hit, depth, drop)
            normals[~hit] = (0, 0, 1)
            albedo[~hit] = colorsys.hsv_to_rgb(stage[0], self.setup.floor_saturation, self.setup.floor_value)
        points = self.eye + depth[..., None] * rays
        to_lamp = self.lamp(stage) - points
        shadowed = cast(corners, points + 1e-3 * normals, to_lamp, 1.0)[0] >= 0
        linear = np.clip(albedo * self.light(points, normals, stage, shadowed), 0, 1)
        if self.setup.floor is None:
            linear[~hit] = self.setup.background
        return encode(linear), hit


def spherical(polar: float, azimuth: float) -> np.ndarray:
    return np.array([math.sin(polar) * math.cos(azimuth), math.sin(polar) * math.sin(azimuth), math.cos(polar)])


def encode(linear: np.ndarray) -> np.ndarray:
    """sRGB, 0 to 255 (IEC 61966-2-1)."""
    linear = np.asarray(linear, float)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def cap_irradiance(cosine: np.ndarray, half_angle: float) -> np.ndarray:
    """Irradiance from a uniform cap of the sphere of directions, relative to facing it, cut by the horizon.

    Lagarde & de Rousiers, "Moving Frostbite to physically based rendering" (2014), section 4.7, exact.
    """
    cosine = np.clip(cosine, -1, 1)
    s = math.sin(half_angle) ** 2
    sine = np.sqrt(np.maximum(1 - cosine**2, 1e-12))
    x = math.sqrt(1 / s - 1)
    y = np.clip(-x * cosine / sine, -1, 1)
    root = sine * np.sqrt(1 - y**2)
    cut = ((cosine * np.arccos(y) - x * root) * s + np.arctan(root / max(x, 1e-9))) / (math.pi * s)
    return np.clip(np.where(cosine**2 > s, np.maximum(cosine, 0), cut), 0, None)


def cast(corners: np.ndarray, origins: np.ndarray, rays: np.ndarray, limit: float = np.inf):
    """The nearest triangle on each ray: its index or -1, the distance, and the weights of its corners."""
    shape = rays.shape[:-1]
    face, depth = np.full(shape, -1), np.full(shape, limit)
    weights = np.zeros((*shape, 3))
    for k, (a, b, c) in enumerate(corners):
        matrix = np.stack([np.broadcast_to(b - a, rays.shape), np.broadcast_to(c - a, rays.shape), -rays], axis=-1)
        determinant = np.linalg.det(matrix)
        matrix[np.abs(determinant) < 1e-15] = np.eye(3)
        v, w, t = np.moveaxis(np.linalg.solve(matrix, (origins - a)[..., None])[..., 0], -1, 0)
        nearer = (np.abs(determinant) >= 1e-15) & (v >= 0) & (w >= 0) & (v + w <= 1) & (t > 0) & (t < depth)
        face[nearer], depth[nearer] = k, t[nearer]
        weights[nearer] = np.stack([1 - v - w, v, w], axis=-1)[nearer]
    return face, depth, weights


@pytest.fixture
def mesh() -> Callable[..., Mesh]:
    return make_mesh


@pytest.fixture
def reference() -> type[Reference]:
    return Reference


@pytest.fixture
def srgb() -> Callable[[np.ndarray], np.ndarray]:
    return encode


@pytest.fixture
def identity() -> torch.Tensor:
    return torch.tensor([[0.0, 0.0, 0.0, 1.0]])
