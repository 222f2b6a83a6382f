"""What no environment can be faster than: making the same views and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np
import warp as wp
from torch import Tensor
from torch.nn import functional

from ...envs.renderer import Setup
from ...envs.sources.banks import Mesh
from .ray_kernel import cast_rays


def window_gather(pictures: Tensor, scenes: Tensor, fixations: Tensor, fovea: int) -> Callable[[], np.ndarray | Tensor]:
    """A copy of windows out of padded pictures by strides: PyTorch's on a GPU, else NumPy's, which are faster.

    Args:
        pictures: (N, S, S, 3) uint8.
        scenes: (B,) int64.
        fixations: (T, B, 2) float32, in sides of the picture, of T calls in turn.
        fovea: side of the windows in pixels.

    Returns:
        A call that returns (B, fovea, fovea, 3) uint8.
    """
    before = fovea // 2
    padded = functional.pad(pictures, (0, 0, before, fovea, before, fovea))
    windows = padded.unfold(1, fovea, 1).unfold(2, fovea, 1).permute(0, 1, 2, 4, 5, 3)
    pixels = (fixations * pictures.shape[1]).round().long()
    places = [(scenes, *rows_and_columns.unbind(1)) for rows_and_columns in pixels]
    if pictures.is_cuda:
        turn = cycle(places)
        return lambda: windows[next(turn)]
    on_host, strided = cycle([tuple(index.numpy().copy() for index in place) for place in places]), windows.numpy()
    return lambda: strided[next(on_host)]


def ray_casting(meshes: Sequence[Mesh], setup: Setup, scenes: Tensor, poses: Tensor) -> Callable[[], Tensor]:
    """One ray per pixel from the set-up's camera to the first surface: no light, no shadow, no colour.

    Args:
        meshes: of the scenes.
        setup: its camera is the one that looks, and `size` the side of the views.
        scenes: (B,) int64, on the device of the rays.
        poses: (B, 4) float32 unit quaternions.

    Returns:
        A call that returns depths, (B, size, size) float32, in diagonals of the object; infinite where nothing is hit.
    """
    device = wp.device_from_torch(poses.device)
    trees = [
        wp.Mesh(
            wp.array(mesh.vertices, dtype=wp.vec3, device=device),
            wp.array(mesh.faces.reshape(-1), dtype=wp.int32, device=device),
            bvh_constructor="sah",
            bvh_leaf_size=1,
        )
        for mesh in meshes
    ]
    ids = wp.array([tree.id for tree in trees], dtype=wp.uint64, device=device)
    depths = poses.new_empty(len(scenes), setup.size, setup.size)
    inputs = [ids, wp.from_torch(scenes), wp.from_torch(poses.contiguous(), dtype=wp.quat), *_camera(setup)]

    def cast(_keep: object = trees) -> Tensor:  # the kernel knows them by their numbers only
        wp.launch(cast_rays, (len(scenes), setup.size), [*inputs, setup.size, wp.from_torch(depths)], device=device)
        return depths

    return cast


def _camera(setup: Setup) -> tuple[wp.vec3, ...]:
    """Its place, and the axes of its picture; it is upright and looks at the origin."""
    polar, azimuth = setup.camera_polar, setup.camera_azimuth
    place = [math.sin(polar) * math.cos(azimuth), math.sin(polar) * math.sin(azimuth), math.cos(polar)]
    eye = setup.camera_distance * np.array(place)
    ahead = -eye / setup.camera_distance
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right *= math.tan(setup.field_of_view / 2) / np.linalg.norm(right)
    return tuple(wp.vec3(*axis) for axis in (eye, ahead, right, np.cross(ahead, right)))
