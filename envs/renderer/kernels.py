# type: ignore  # Warp compiles this file from its text: the types are its own, which pyright cannot follow
"""The ray caster as one Warp kernel: rays are turned into the object's own space, where its BVH never changes."""

from __future__ import annotations

import warp as wp

_SHADOW_OFFSET = wp.constant(1e-4)
_FAR = wp.constant(1e6)


@wp.struct
class Bank:
    """All meshes, faces concatenated; `first_face` says where a mesh starts."""

    meshes: wp.array(dtype=wp.uint64)
    radii: wp.array(dtype=wp.float32)
    first_face: wp.array(dtype=wp.int32)
    normals: wp.array(dtype=wp.vec3, ndim=2)
    colours: wp.array(dtype=wp.vec3)
    uvs: wp.array(dtype=wp.vec2, ndim=2)
    texture_ids: wp.array(dtype=wp.int32)
    texture_shapes: wp.array(dtype=wp.int32, ndim=2)
    texels: wp.array(dtype=wp.uint8, ndim=2)
    to_linear: wp.array(dtype=wp.float32)
    to_srgb: wp.array(dtype=wp.uint8)


@wp.struct
class Fixed:
    """The fixed part of a set-up, in world space."""

    eye: wp.vec3
    forward: wp.vec3
    right: wp.vec3
    down: wp.vec3
    samples: wp.int32
    has_floor: wp.bool
    floor: wp.float32
    background: wp.vec3
    sun_direction: wp.vec3
    sun: wp.float32
    sun_sine: wp.float32
    sky: wp.float32
    spot_cosine: wp.float32
    spot_fade: wp.float32


@wp.struct
class Stage:
    """What changes from row to row, in world space."""

    floor_colours: wp.array(dtype=wp.vec3)
    spot_positions: wp.array(dtype=wp.vec3)
    spot_colours: wp.array(dtype=wp.vec3)


@wp.func
def meets_sphere(origin: wp.vec3, direction: wp.vec3, radius: float) -> bool:
    """Whether a ray from outside, of unit direction, meets the sphere about the origin."""
    nearest = -wp.dot(origin, direction)
    miss = wp.dot(origin, origin) - nearest * nearest
    return miss < radius * radius and (nearest > 0.0 or wp.dot(origin, origin) < radius * radius)


@wp.func
def soft_cosine(cosine: float, sine_of_size: float) -> float:
    """Irradiance from a disc of sky, whole above the horizon, cut by it or below: parabola between the exact ends."""
    if cosine >= sine_of_size:
        return cosine
    rise = wp.max(cosine + sine_of_size, 0.0)
    return rise * rise / (4.0 * sine_of_size)


@wp.func
def texel(bank: Bank, start: int, index: int) -> wp.vec3:
    i = start + index
    return wp.vec3(
        bank.to_linear[int(bank.texels[i, 0])],
        bank.to_linear[int(bank.texels[i, 1])],
        bank.to_linear[int(bank.texels[i, 2])],
    )


@wp.func
def sample_texture(bank: Bank, texture: int, uv: wp.vec2) -> wp.vec3:
    """Bilinear, in linear light, repeating beyond [0, 1]; v upwards, rows downwards."""
    start = bank.texture_shapes[texture, 0]
    height = bank.texture_shapes[texture, 1]
    width = bank.texture_shapes[texture, 2]
    x = (uv[0] - wp.floor(uv[0])) * float(width) - 0.5
    y = (1.0 - (uv[1] - wp.floor(uv[1]))) * float(height) - 0.5
    x_floor = wp.floor(x)
    y_floor = wp.floor(y)
    left = (int(x_floor) + width) % width
    top = (int(y_floor) + height) % height
    right = (left + 1) % width
    bottom = (top + 1) % height
    fx = x - x_floor
    fy = y - y_floor
    above = wp.lerp(texel(bank, start, top * width + left), texel(bank, start, top * width + right), fx)
    below = wp.lerp(texel(bank, start, bottom * width + left), texel(bank, start, bottom * width + right), fx)
    return wp.lerp(above, below, fy)


@wp.func
def radiance(
    bank: Bank,
    fixed: Fixed,
    scene: int,
    rotation: wp.quat,
    albedo: wp.vec3,
    ground: wp.vec3,
    spot_position: wp.vec3,
    spot_colour: wp.vec3,
    point: wp.vec3,
    normal: wp.vec3,
) -> wp.vec3:
    """Light that a matt surface sends back: sky and floor from around, the soft sun, the spot with its shadow."""
    up = 0.5 + 0.5 * normal[2]
    light = wp.vec3(fixed.sky) * up + ground * (1.0 - up)
    light += wp.vec3(fixed.sun * soft_cosine(wp.dot(normal, fixed.sun_direction), fixed.sun_sine))
    to_spot = spot_position - point
    distance = wp.length(to_spot)
    to_spot = to_spot / distance
    facing = wp.dot(normal, to_spot)
    reach = wp.length(spot_position)
    cone = (wp.dot(to_spot, spot_position) / reach - fixed.spot_cosine) / fixed.spot_fade
    if facing > 0.0 and cone > 0.0:
        start = wp.quat_rotate_inv(rotation, point + normal * _SHADOW_OFFSET)
        towards = wp.quat_rotate_inv(rotation, to_spot)
        lit = True
        if meets_sphere(start, towards, bank.radii[scene]):
            lit = not wp.mesh_query_ray_anyhit(bank.meshes[scene], start, towards, distance)
        if lit:
            c = wp.min(cone, 1.0)
            fade = c * c * (3.0 - 2.0 * c)
            nearness = reach / distance
            light += spot_colour * (facing * fade * nearness * nearness)
    return wp.cw_mul(albedo, light)


@wp.func
def encode(bank: Bank, linear: float) -> wp.uint8:
    """sRGB in 8 bits from a table over the square root, which spaces its entries evenly to the eye."""
    last = float(bank.to_srgb.shape[0] - 1)
    return bank.to_srgb[int(wp.sqrt(wp.clamp(linear, 0.0, 1.0)) * last + 0.5)]


@wp.kernel(enable_backward=False)
def draw(
    bank: Bank,
    fixed: Fixed,
    stage: Stage,
    scenes: wp.array(dtype=wp.int64),
    rotations: wp.array(dtype=wp.quat),
    span: int,
    views: wp.array(dtype=wp.uint8, ndim=4),
):
    """Draws `span` neighbouring pixels of one row of one view; three channels, or four with the object's coverage."""
    b, i, part = wp.tid()
    size = views.shape[2]
    cutout = views.shape[1] == 4
    scene = int(scenes[b])
    mesh = bank.meshes[scene]
    radius = bank.radii[scene]
    first_face = bank.first_face[scene]
    rotation = rotations[b]
    floor_colour = stage.floor_colours[b]
    spot_position = stage.spot_positions[b]
    spot_colour = stage.spot_colours[b]
    ground = wp.vec3(fixed.sky)
    if fixed.has_floor:
        ground = floor_colour * (fixed.sun * fixed.sun_direction[2] + fixed.sky)
    eye = wp.quat_rotate_inv(rotation, fixed.eye)
    step = 2.0 / float(size * fixed.samples)
    share = 1.0 / float(fixed.samples * fixed.samples)
    for j in range(part * span, wp.min(part * span + span, size)):
        colour = wp.vec3(0.0)
        coverage = float(0.0)  # noqa: UP018 (a variable to Warp, not a constant)
        for k in range(fixed.samples * fixed.samples):
            down = (float(i * fixed.samples + k // fixed.samples) + 0.5) * step - 1.0
            right = (float(j * fixed.samples + k % fixed.samples) + 0.5) * step - 1.0
            direction = wp.normalize(fixed.forward + fixed.right * right + fixed.down * down)
            hit = bool(False)  # noqa: UP018
            if meets_sphere(fixed.eye, direction, radius):
                ray = wp.quat_rotate_inv(rotation, direction)
                query = wp.mesh_query_ray(mesh, eye, ray, _FAR)
                if query.result:
                    hit = True
                    face = first_face + query.face
                    u = query.u
                    v = query.v
                    w = 1.0 - u - v
                    facet = query.normal * wp.sign(-wp.dot(query.normal, ray))
                    n = bank.normals[face, 0] * u + bank.normals[face, 1] * v + bank.normals[face, 2] * w
                    n = wp.normalize(n) * wp.sign(wp.dot(n, facet))
                    albedo = bank.colours[face]
                    texture = bank.texture_ids[face]
                    if texture >= 0:
                        uv = bank.uvs[face, 0] * u + bank.uvs[face, 1] * v + bank.uvs[face, 2] * w
                        albedo = wp.cw_mul(albedo, sample_texture(bank, texture, uv))
                    point = fixed.eye + direction * query.t
                    normal = wp.quat_rotate(rotation, n)
                    coverage += share
                    colour += share * radiance(
                        bank, fixed, scene, rotation, albedo, ground, spot_position, spot_colour, point, normal
                    )
            if not hit and not cutout:
                if fixed.has_floor and direction[2] < 0.0:
                    point = fixed.eye + direction * ((fixed.floor - fixed.eye[2]) / direction[2])
                    up = wp.vec3(0.0, 0.0, 1.0)
                    colour += share * radiance(
                        bank, fixed, scene, rotation, floor_colour, ground, spot_position, spot_colour, point, up
                    )
                else:
                    colour += share * fixed.background
        if cutout:
            colour = colour / wp.max(coverage, share)
            views[b, 3, i, j] = wp.uint8(coverage * 255.0 + 0.5)
        for c in range(3):
            views[b, c, i, j] = encode(bank, colour[c])
