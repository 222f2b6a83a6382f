"""Meshes on the device, as the kernel wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import warp as wp

from ..colour import linear_to_srgb, srgb_to_linear
from ..sources.banks import Mesh
from .kernels import Bank

_SRGB_ENTRIES = 4096  # fine enough that the table is at most one grey level off, and only at roundings


def pack(meshes: Sequence[Mesh], device: wp.Device) -> tuple[list[wp.Mesh], Bank]:  # pyright: ignore[reportGeneralTypeIssues]
    """Builds a bounding volume hierarchy per mesh and one table of all faces.

    The list keeps the meshes alive: the table knows them by their addresses only.
    """
    shapes, texels, texture_ids = _textures(meshes)
    trees = [
        wp.Mesh(
            points=wp.array(mesh.vertices, dtype=wp.vec3, device=device),
            indices=wp.array(mesh.faces.reshape(-1), dtype=wp.int32, device=device),
            bvh_constructor="sah",
            bvh_leaf_size=1,
        )
        for mesh in meshes
    ]
    counts = [len(mesh.faces) for mesh in meshes]
    bank = Bank()
    bank.meshes = wp.array([tree.id for tree in trees], dtype=wp.uint64, device=device)
    radii = [float(np.linalg.norm(mesh.vertices, axis=1).max()) * 1.0001 for mesh in meshes]
    bank.radii = wp.array(radii, dtype=wp.float32, device=device)
    bank.first_face = wp.array(np.cumsum([0, *counts[:-1]]), dtype=wp.int32, device=device)
    bank.normals = wp.array(np.concatenate([mesh.normals for mesh in meshes]), dtype=wp.vec3, device=device)
    bank.colours = wp.array(np.concatenate([mesh.colours for mesh in meshes]), dtype=wp.vec3, device=device)
    bank.uvs = wp.array(np.concatenate([mesh.uvs for mesh in meshes]), dtype=wp.vec2, device=device)
    bank.texture_ids = wp.array(texture_ids, dtype=wp.int32, device=device)
    bank.texture_shapes = wp.array(shapes, dtype=wp.int32, device=device)
    bank.texels = wp.array(texels, dtype=wp.uint8, device=device)
    bank.to_linear = wp.array(srgb_to_linear(torch.arange(256) / 255).numpy(), dtype=wp.float32, device=device)
    roots = torch.linspace(0, 1, _SRGB_ENTRIES)
    srgb = (linear_to_srgb(roots * roots) * 255).round().to(torch.uint8)
    bank.to_srgb = wp.array(srgb.numpy(), dtype=wp.uint8, device=device)
    return trees, bank


def _textures(meshes: Sequence[Mesh]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All textures end to end: (T, 3) start, height and width; (texels, 3) bytes; (faces,) index or -1."""
    shapes, texels, ids, start = [], [], [], 0
    for mesh in meshes:
        ids.append(np.where(mesh.texture_ids >= 0, mesh.texture_ids + len(shapes), -1))
        for texture in mesh.textures:
            height, width, _ = texture.shape
            shapes.append((start, height, width))
            texels.append(texture.reshape(-1, 3))
            start += height * width
    if not shapes:
        shapes, texels = [(0, 1, 1)], [np.zeros((1, 3), np.uint8)]
    return np.array(shapes, np.int32), np.concatenate(texels), np.concatenate(ids)
