"""Meshes without their paint, which can only be told apart by their shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .banks import Mesh, MeshSet

GREY = 0.5
"""Linear red, green and blue of every face."""


def unpainted(meshes: MeshSet) -> MeshSet:
    """The same shapes, all of one matt grey and without textures."""
    return replace(meshes, meshes=tuple(_unpaint(mesh) for mesh in meshes.meshes))


def _unpaint(mesh: Mesh) -> Mesh:
    return replace(
        mesh,
        colours=np.full_like(mesh.colours, GREY),
        uvs=np.zeros_like(mesh.uvs),
        texture_ids=np.full_like(mesh.texture_ids, -1),
        textures=(),
    )
