"""One mesh from one file, through trimesh: geometry, corner normals, colours in linear light and textures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import numpy as np
import torch
import trimesh
from trimesh.resolvers import Resolver
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial

from ..colour import srgb_to_linear
from .banks import Mesh
from .corner_normals import corner_normals, unit
from .gltf_amount import gltf_amount
from .textures import Textures

Up = Literal["y", "z"]

# The up axis where the caller names none: glTF's is y by its specification, OBJ's by custom; the others come from
# engineering, where z points up.
UP_AXES: dict[str, Up] = {".obj": "y", ".glb": "y", ".gltf": "y", ".off": "z", ".stl": "z", ".ply": "z"}
_ASSETS = {".mtl", ".bin", ".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff", ".gif", ".webp"}
_LARGEST = 1e9  # beyond it 32-bit files cannot resolve an object of any usual unit
_MOST = 30_000_000  # numbers and corners of faces: a few bytes of glTF can stand for any amount
_GREY = 0.6


def read_mesh(path: str | Path, root: str | Path, up: Up | None = None) -> tuple[Mesh, list[str]]:
    """A mesh file as a z-up `Mesh`, centred, with a bounding box of diagonal 1.

    All parts of a scene are placed by their node transforms. Normals are the file's, or else smooth where neighbouring
    faces bend by less than 40 degrees. glTF colours are linear by its specification; MTL and PLY colours are taken as
    sRGB, as by custom. A texture is multiplied by glTF's base colour, but replaces MTL's Kd; textures are shrunk to
    at most 256 texels a side, and transparency is ignored.

    Args:
        path: an OBJ (with MTL and textures), GLB, GLTF, OFF, STL or PLY file.
        root: materials and textures are read from within this folder only.
        up: the file's up axis, by default y for OBJ and glTF, z for the others.

    Returns:
        The mesh, and the names of materials and textures that could not be read, without which it is drawn.

    Raises:
        ValueError: the file is empty, cannot be parsed, holds no usable surface, or stands for more than 30 million
            corners of faces.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in UP_AXES:
        raise ValueError(f"{suffix!r} files are not read; use one of {', '.join(UP_AXES)}")
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    folder, gltf = _Folder(path.parent, root), suffix in (".glb", ".gltf")
    try:
        if gltf:
            _check_amount(gltf_amount(path.read_bytes(), binary=suffix == ".glb"))
        with path.open("rb") as stream:
            scene = trimesh.load_scene(stream, file_type=suffix[1:], resolver=folder, process=False)
    except Exception as error:  # whatever a parser may stumble over
        raise ValueError(f"cannot be parsed ({type(error).__name__}: {error})") from error
    nodes = [node for node in scene.graph.nodes_geometry if _has_faces(scene, node)]
    _check_amount(3 * sum(len(scene.geometry[scene.graph[node][1]].faces) for node in nodes))
    textures = Textures()
    parts = [_read_part(scene, node, gltf, textures) for node in nodes]
    if not parts:
        raise ValueError("it has no faces")
    mesh = _join(parts)
    return _place(mesh, UP_AXES[suffix] if up is None else up), folder.missing


class _Folder(Resolver):
    """Finds materials and textures beside a mesh, never outside the root, whatever the file asks for."""

    def __init__(self, place: Path, root: str | Path) -> None:
        self.place = os.path.abspath(place)
        self.root = os.path.abspath(root)
        self.missing: list[str] = []

    def get(self, key: str) -> bytes:
        wanted = key.strip().replace("\\", "/")
        for candidate in (wanted, unquote(wanted), os.path.basename(wanted)):
            path = os.path.abspath(os.path.join(self.place, candidate))
            is_asset = os.path.splitext(path)[1].lower() in _ASSETS and os.path.isfile(path)
            if is_asset and _within(path, self.root) and self._links_inside(path):
                return Path(path).read_bytes()
        if key.strip() not in self.missing:
            self.missing.append(key.strip())
        raise FileNotFoundError(key)

    def _links_inside(self, path: str) -> bool:
        """Whether no link leads out; the folder of the mesh may itself be a link, which its owner made."""
        real = os.path.realpath(path)
        return any(_within(real, os.path.realpath(place)) for place in (self.root, self.place))

    def keys(self) -> list[str]:
        return []

    def write(self, name: str, data: Any) -> None:
        raise PermissionError(f"{name}: meshes are only read")

    def namespaced(self, namespace: str) -> _Folder:
        return self


def _within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _check_amount(count: int) -> None:
    if count > _MOST:
        raise ValueError(f"it stands for {count:.3g} numbers or corners of faces; the limit is {_MOST:.0e}")


def _has_faces(scene: trimesh.Scene, node: str) -> bool:
    """Lines and points have none."""
    part = scene.geometry[scene.graph[node][1]]
    return isinstance(part, trimesh.Trimesh) and len(part.faces) > 0


def _read_part(scene: trimesh.Scene, node: str, gltf: bool, textures: Textures) -> Mesh:
    """One node of the scene, which has faces, in the scene's frame, in float64."""
    transform, name = scene.graph[node]
    part = scene.geometry[name]
    assert isinstance(part, trimesh.Trimesh)
    transform = np.asarray(transform, dtype=np.float64)
    faces = np.asarray(part.faces)
    if faces.min() < 0 or faces.max() >= len(part.vertices):
        raise ValueError(f"faces refer to vertices that do not exist ({len(part.vertices)} vertices)")
    vertices = np.asarray(part.vertices, dtype=np.float64) @ transform[:3, :3].T + transform[:3, 3]
    if not np.isfinite(vertices[faces]).all():
        raise ValueError("vertices are not finite numbers")
    normals = None
    if "vertex_normals" in part._cache:  # the file's own; trimesh has no public way to tell them from computed ones
        cofactors = np.linalg.det(transform[:3, :3]) * np.linalg.pinv(transform[:3, :3]).T
        normals = unit(np.asarray(part.vertex_normals)[faces] @ cofactors.T)
    colours, uvs, image = _material(part, faces, gltf, textures)
    return Mesh(
        vertices=vertices,
        faces=faces,
        normals=corner_normals(vertices, faces, normals),
        colours=colours,
        uvs=uvs,
        texture_ids=np.full(len(faces), -1 if image is None else 0),
        textures=() if image is None else (image,),
    )


def _material(
    part: trimesh.Trimesh, faces: np.ndarray, gltf: bool, textures: Textures
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Linear RGB per face, texture coordinates per corner, and the texture if there is one."""
    visual: Any = part.visual
    colours = np.full((len(faces), 3), _linear(np.array(_GREY)))
    if isinstance(visual, ColorVisuals):
        if visual.kind == "face":
            colours = _decode(visual.face_colors, gltf)
        elif visual.kind == "vertex":
            colours = _decode(visual.vertex_colors, gltf)[faces].mean(axis=1)
    elif isinstance(visual, TextureVisuals):
        material: Any = visual.material
        pbr = isinstance(material, PBRMaterial)
        uv = None if visual.uv is None else np.nan_to_num(np.asarray(visual.uv, dtype=np.float64), posinf=0, neginf=0)
        image = textures.read(material.baseColorTexture if pbr else material.image)
        if uv is None or uv.shape != (len(part.vertices), 2):
            image = None
        base = np.ones(3)
        if pbr and material.baseColorFactor is not None:
            base = _decode(np.asarray(material.baseColorFactor), linear=True)
        elif not pbr and image is None:
            base = _decode(np.asarray(material.diffuse), linear=False)
        colours = np.tile(base, (len(faces), 1))
        tint = visual.vertex_attributes.get("color")
        if tint is not None:
            colours = colours * _decode(tint, linear=True)[faces].mean(axis=1)
        if image is not None and uv is not None:
            corners = uv[faces]
            return colours, corners - np.floor(corners.min(axis=1, keepdims=True)), image  # small, so exact in float32
    return colours, np.zeros((len(faces), 3, 2)), None


def _decode(colours: np.ndarray, linear: bool) -> np.ndarray:
    """Linear RGB in [0, 1] of RGB or RGBA in any number type."""
    colours = np.asarray(colours)
    top = np.iinfo(colours.dtype).max if np.issubdtype(colours.dtype, np.integer) else 1.0
    values = np.clip(np.nan_to_num(colours[..., :3] / top), 0, 1)
    return values if linear else _linear(values)


def _linear(encoded: np.ndarray) -> np.ndarray:
    return srgb_to_linear(torch.from_numpy(encoded)).numpy()


def _join(parts: list[Mesh]) -> Mesh:
    """One mesh of many, which share vertices, faces and textures with none."""
    vertex_starts = np.cumsum([0] + [len(part.vertices) for part in parts])
    texture_starts = np.cumsum([0] + [len(part.textures) for part in parts])
    return Mesh(
        vertices=np.concatenate([part.vertices for part in parts]),
        faces=np.concatenate([part.faces + start for part, start in zip(parts, vertex_starts, strict=False)]),
        normals=np.concatenate([part.normals for part in parts]),
        colours=np.concatenate([part.colours for part in parts]),
        uvs=np.concatenate([part.uvs for part in parts]),
        texture_ids=np.concatenate(
            [
                np.where(part.texture_ids < 0, -1, part.texture_ids + start)
                for part, start in zip(parts, texture_starts, strict=False)
            ]
        ),
        textures=tuple(texture for part in parts for texture in part.textures),
    )


def _place(mesh: Mesh, up: Up) -> Mesh:
    """Turned z-up, centred and scaled, without faces that have no area, in the types that `Mesh` asks for."""
    vertices = mesh.vertices[np.unique(mesh.faces)]
    if np.abs(vertices).max() > _LARGEST:
        raise ValueError(f"coordinates are as large as {np.abs(vertices).max():.3g}; the limit is {_LARGEST:.0e}")
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    diagonal = float(np.linalg.norm(high - low))
    if np.sort(high - low)[1] <= 1e-6 * max(diagonal, 1e-30):
        raise ValueError(f"its bounding box is a point or a line ({high - low})")
    vertices = (mesh.vertices - (low + high) / 2) / diagonal
    normals = mesh.normals
    if up == "y":
        vertices, normals = _y_to_z(vertices), _y_to_z(normals)
    corners = vertices[mesh.faces]
    kept = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) > 1e-12
    if not kept.any():
        raise ValueError("none of its faces has an area")
    used, faces = np.unique(mesh.faces[kept], return_inverse=True)
    return Mesh(
        vertices=vertices[used].astype(np.float32),
        faces=faces.reshape(-1, 3).astype(np.int32),
        normals=normals[kept].astype(np.float32),
        colours=mesh.colours[kept].astype(np.float32),
        uvs=mesh.uvs[kept].astype(np.float32),
        texture_ids=mesh.texture_ids[kept].astype(np.int32),
        textures=mesh.textures,
    )


def _y_to_z(vectors: np.ndarray) -> np.ndarray:
    """A quarter turn about x that takes +y to +z."""
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)
