# type: ignore  # Warp compiles this file from its text: the types are its own, which pyright cannot follow
"""A Warp kernel that casts one ray per pixel at a rotated mesh, and nothing else."""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.kernel
def cast_rays(
    meshes: wp.array(dtype=wp.uint64),
    scenes: wp.array(dtype=wp.int64),
    poses: wp.array(dtype=wp.quat),
    eye: wp.vec3,
    ahead: wp.vec3,
    right: wp.vec3,
    down: wp.vec3,
    size: int,
    depths: wp.array(dtype=float, ndim=3),
):
    """A row of pixels of one view; rays that miss the ball around the object are not cast."""
    row, line = wp.tid()
    origin = wp.quat_rotate_inv(poses[row], eye)
    y = (float(line) + 0.5) / float(size) * 2.0 - 1.0
    for column in range(size):
        x = (float(column) + 0.5) / float(size) * 2.0 - 1.0
        ray = wp.normalize(ahead + right * x + down * y)
        depth = float(wp.inf)
        along = -wp.dot(eye, ray)
        if wp.dot(eye, eye) - along * along < 0.25:  # half a diagonal, squared
            hit = wp.mesh_query_ray(meshes[int(scenes[row])], origin, wp.quat_rotate_inv(poses[row], ray), 1.0e6)
            if hit.result:
                depth = hit.t
        depths[row, line, column] = depth
