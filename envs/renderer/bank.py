"""Meshes on the device, as the kernels want them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import warp as wp

from ..colour import linear_to_srgb, srgb_to_linear
from ..sources.banks import Mesh
from .kernels import Bank

_SRGB_ENTRIES = 4096  # fine enough that the table is at most one grey level off, and only at roundings


def pack(meshes: Sequence[Mesh], device: wp.Device) -> Bank:  # pyright: ignore[reportGeneralTypeIssues]
    """All meshes end to end.

    Raises:
        ValueError: a mesh breaks the promises of `Mesh`; the kernels, which do not check, would read astray.
    """
    for index, mesh in enumerate(meshes):
        _check(mesh, index)
    counts = [len(mesh.faces) for mesh in meshes]
    starts = _starts([len(mesh.vertices) for mesh in meshes])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
    texture_starts = _starts([len(mesh.textures) for mesh in meshes])
    ids = [np.where(m.texture_ids < 0, -1, m.texture_ids + n) for m, n in zip(meshes, texture_starts, strict=True)]
    textures = [texture for mesh in meshes for texture in mesh.textures] or [np.zeros((1, 1, 3), np.uint8)]
    shapes = [texture.shape[:2] for texture in textures]
    texel_starts = _starts([height * width for height, width in shapes])
    roots = torch.linspace(0, 1, _SRGB_ENTRIES)
    srgb = (linear_to_srgb(roots * roots) * 255).round().to(torch.uint8).numpy()

    def put(values: np.ndarray | list, dtype: type) -> wp.array:
        return wp.array(values, dtype=dtype, device=device)

    bank = Bank()
    bank.first_faces = put(_starts(counts), wp.int32)
    bank.face_counts = put(counts, wp.int32)
    bank.radii = put([np.linalg.norm(mesh.vertices, axis=1).max() * 1.0001 for mesh in meshes], wp.float32)
    bank.vertices = put(np.concatenate([mesh.vertices for mesh in meshes]), wp.vec3)
    bank.faces = put(faces.astype(np.int32), wp.vec3i)
    bank.normals = put(np.concatenate([mesh.normals for mesh in meshes]), wp.vec3)
    bank.colours = put(np.concatenate([mesh.colours for mesh in meshes]), wp.vec3)
    bank.uvs = put(np.concatenate([mesh.uvs for mesh in meshes]), wp.vec2)
    bank.texture_ids = put(np.concatenate(ids), wp.int32)
    bank.texture_shapes = put(np.array([(n, *shape) for n, shape in zip(texel_starts, shapes, strict=True)]), wp.vec3i)
    bank.texels = put(np.concatenate([texture.reshape(-1, 3) for texture in textures]), wp.uint8)
    bank.to_linear = put(srgb_to_linear(torch.arange(256) / 255).numpy(), wp.float32)
    bank.to_srgb = put(srgb, wp.uint8)
    return bank


def _starts(counts: Sequence[int]) -> np.ndarray:
    return np.cumsum([0, *counts[:-1]])


def _check(mesh: Mesh, index: int) -> None:
    if not isinstance(mesh, Mesh):
        raise TypeError(f"mesh {index} is no Mesh, but {type(mesh).__name__}")
    faces, vertices = len(mesh.faces), len(mesh.vertices)
    shapes = {"vertices": (vertices, 3), "faces": (faces, 3), "normals": (faces, 3, 3), "colours": (faces, 3)}
    shapes |= {"uvs": (faces, 3, 2), "texture_ids": (faces,)}
    for name, shape in shapes.items():
        value = getattr(mesh, name)
        if not isinstance(value, np.ndarray):
            raise TypeError(f"mesh {index}: {name} must be an array of shape {shape}, got {type(value).__name__}")
        if value.shape != shape:
            raise ValueError(f"mesh {index}: {name} must have shape {shape}, got {value.shape}")
        if not np.isfinite(value).all():
            raise ValueError(f"mesh {index}: {name} must be finite")
    if faces == 0:
        raise ValueError(f"mesh {index} has no faces")
    if mesh.faces.min() < 0 or mesh.faces.max() >= vertices:
        raise ValueError(f"mesh {index}: faces refer to vertices outside 0 to {vertices - 1}")
    if mesh.texture_ids.max() >= len(mesh.textures):
        raise ValueError(f"mesh {index}: texture_ids reach {mesh.texture_ids.max()}, textures {len(mesh.textures)}")
    if np.linalg.norm(mesh.vertices, axis=1).max() > 0.501:
        raise ValueError(f"mesh {index} does not lie in the ball of diameter 1: centre and scale it as `Mesh` says")
