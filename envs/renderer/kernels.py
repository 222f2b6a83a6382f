# type: ignore  # Warp compiles this file from its text: the types are its own, which pyright cannot follow
"""The renderer's two Warp kernels: `rasterise` finds the nearest face in every sample, `shade` lights it.

Both work in the object's own space, into which the camera and the lights are turned. Seen from the camera, the nearest
faces are what is visible; seen from the spot light, what is lit.
"""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})

_DEPTH_STEPS = wp.constant(1073741824.0)  # depths have 30 bits
_SLACK = wp.constant(1e-6)  # of a barycentric coordinate, so that no ray slips through between two faces
_ROUND = wp.constant(0.4999)  # to the next pixel's centre, with some slack; truncation is much faster than wp.ceil
_LIFT = wp.constant(1.5)  # texels of the shadow map by which a surface is lifted, so that it does not shade itself


@wp.struct
class Bank:
    """All meshes end to end."""

    first_faces: wp.array(dtype=wp.int32)
    face_counts: wp.array(dtype=wp.int32)
    radii: wp.array(dtype=wp.float32)
    vertices: wp.array(dtype=wp.vec3)
    faces: wp.array(dtype=wp.vec3i)
    normals: wp.array(dtype=wp.vec3, ndim=2)
    colours: wp.array(dtype=wp.vec3)
    uvs: wp.array(dtype=wp.vec2, ndim=2)
    texture_ids: wp.array(dtype=wp.int32)
    texture_shapes: wp.array(dtype=wp.vec3i)
    texels: wp.array(dtype=wp.uint8, ndim=2)
    to_linear: wp.array(dtype=wp.float32)
    to_srgb: wp.array(dtype=wp.uint8)


@wp.struct
class Fixed:
    """What all rows share, in world space."""

    eye: wp.vec3
    zoom: wp.float32
    has_floor: wp.bool
    floor: wp.float32
    floor_saturation: wp.float32
    floor_value: wp.float32
    background: wp.vec3
    sun_direction: wp.vec3
    sun: wp.float32
    sun_sine: wp.float32
    sky: wp.float32
    spot: wp.float32
    spot_distance: wp.float32
    spot_saturation: wp.float32
    spot_value: wp.float32
    spot_cosine: wp.float32
    spot_rise: wp.float32  # 1 / (the difference of cosines over which the cone fades out)


@wp.struct
class Rows:
    """One scene under one rotation per row, on a stage: floor hue, light theta, light phi, light hue."""

    scenes: wp.array(dtype=wp.int64)
    rotations: wp.array(dtype=wp.quat)
    stages: wp.array(dtype=wp.vec4)


@wp.struct
class Eye:
    """A pinhole that looks at the origin, in the object's space."""

    position: wp.vec3
    right: wp.vec3
    down: wp.vec3
    forward: wp.vec3
    distance: wp.float32
    zoom: wp.float32  # half widths of the picture per tangent of the angle off its axis
    steps: wp.float32  # depth steps per 1 / depth


@wp.func
def look(position: wp.vec3, rotation: wp.quat, zoom: float, radius: float) -> Eye:
    """An upright eye at a place in the world; without a zoom, it fits the sphere of the given radius."""
    distance = wp.length(position)
    forward = -position / distance
    upright = wp.vec3(0.0, 0.0, 1.0)
    if wp.abs(forward[2]) > 0.9999:
        upright = wp.vec3(0.0, 1.0, 0.0)
    right = wp.normalize(wp.cross(forward, upright))
    eye = Eye()
    eye.position = wp.quat_rotate_inv(rotation, position)
    eye.right = wp.quat_rotate_inv(rotation, right)
    eye.down = wp.quat_rotate_inv(rotation, wp.cross(forward, right))
    eye.forward = wp.quat_rotate_inv(rotation, forward)
    eye.distance = distance
    eye.zoom = zoom
    if zoom == 0.0:
        eye.zoom = wp.sqrt(distance * distance - radius * radius) / radius
    eye.steps = _DEPTH_STEPS * (distance - radius)
    return eye


@wp.func
def lamp_place(fixed: Fixed, stage: wp.vec4) -> wp.vec3:
    across = wp.sin(stage[1])
    return fixed.spot_distance * wp.vec3(across * wp.cos(stage[2]), across * wp.sin(stage[2]), wp.cos(stage[1]))


@wp.func
def hsv_channel(offset: float, hue: float, saturation: float, value: float) -> float:
    sextant = 6.0 * (hue - wp.floor(hue)) + offset
    sextant = wp.where(sextant >= 6.0, sextant - 6.0, sextant)
    return value - value * saturation * wp.clamp(wp.min(sextant, 4.0 - sextant), 0.0, 1.0)


@wp.func
def hsv(hue: float, saturation: float, value: float) -> wp.vec3:
    """RGB of a hue in turns: 0 red, 1/3 green, 2/3 blue."""
    return wp.vec3(
        hsv_channel(5.0, hue, saturation, value),
        hsv_channel(3.0, hue, saturation, value),
        hsv_channel(1.0, hue, saturation, value),
    )


@wp.func
def project(eye: Eye, point: wp.vec3, half: float) -> wp.vec3:
    """Column and row in pixels from the left upper corner of a picture 2 half wide, and 1 / depth."""
    near = 1.0 / (eye.distance + wp.dot(point, eye.forward))
    scale = near * half * eye.zoom
    return wp.vec3(half + wp.dot(point, eye.right) * scale, half + wp.dot(point, eye.down) * scale, near)


@wp.func
def fill(
    a: wp.vec3, b: wp.vec3, c: wp.vec3, steps: float, face: int, b_row: int, nearest: wp.array(dtype=wp.int64, ndim=3)
):
    """Marks a projected face wherever a pixel's centre lies on it and nothing nearer has been marked."""
    size = nearest.shape[1]
    left = int(wp.max(wp.min(a[0], wp.min(b[0], c[0])) + _ROUND, 0.0))
    right = wp.min(int(wp.max(a[0], wp.max(b[0], c[0])) + 1.0 - _ROUND), size)
    top = int(wp.max(wp.min(a[1], wp.min(b[1], c[1])) + _ROUND, 0.0))
    bottom = wp.min(int(wp.max(a[1], wp.max(b[1], c[1])) + 1.0 - _ROUND), size)
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if left < right and top < bottom and wp.abs(area) > 1e-12:
        u_right = (b[1] - c[1]) / area
        u_down = (c[0] - b[0]) / area
        v_right = (c[1] - a[1]) / area
        v_down = (a[0] - c[0]) / area
        near_right = (a[2] - c[2]) * u_right + (b[2] - c[2]) * v_right
        near_down = (a[2] - c[2]) * u_down + (b[2] - c[2]) * v_down
        for i in range(top, bottom):
            y = float(i) + 0.5 - c[1]
            for j in range(left, right):
                x = float(j) + 0.5 - c[0]
                u = u_right * x + u_down * y
                v = v_right * x + v_down * y
                if u >= -_SLACK and v >= -_SLACK and u + v <= 1.0 + _SLACK:
                    near = c[2] + near_right * x + near_down * y
                    wp.atomic_max(nearest, b_row, i, j, (wp.int64(near * steps) << wp.int64(32)) + wp.int64(face + 1))


@wp.kernel
def rasterise(
    bank: Bank,
    fixed: Fixed,
    rows: Rows,
    first_row: int,
    from_lamp: bool,
    parts: int,
    nearest: wp.array(dtype=wp.int64, ndim=3),
):
    """Finds the nearest face of each row's mesh in each pixel, seen from the camera or from the lamp.

    A pixel is a word: 1 / depth in steps and, in its lower half, 1 + the face. The greatest word wins, so the order of
    the faces does not matter, nor into how many parts they are split.
    """
    b, part = wp.tid()
    row = first_row + b
    scene = int(rows.scenes[row])
    eye = look(fixed.eye, rows.rotations[row], fixed.zoom, bank.radii[scene])
    if from_lamp:
        eye = look(lamp_place(fixed, rows.stages[row]), rows.rotations[row], 0.0, bank.radii[scene])
    half = 0.5 * float(nearest.shape[1])
    first = bank.first_faces[scene]
    for face in range(first + part, first + bank.face_counts[scene], parts):
        corners = bank.faces[face]
        p = project(eye, bank.vertices[corners[0]], half)
        q = project(eye, bank.vertices[corners[1]], half)
        r = project(eye, bank.vertices[corners[2]], half)
        fill(p, q, r, eye.steps, face, b, nearest)


@wp.func
def soft_cosine(cosine: float, sine_of_size: float) -> float:
    """Irradiance from a disc of sky, whole above the horizon, cut by it or below: parabola between the exact ends."""
    if cosine >= sine_of_size:
        return cosine
    rise = wp.max(cosine + sine_of_size, 0.0)
    return rise * rise / (4.0 * sine_of_size)


@wp.func
def lit_at(steps: int, i: int, j: int, b: int, lit: wp.array(dtype=wp.int64, ndim=3)) -> float:
    if i < 0 or j < 0 or i >= lit.shape[1] or j >= lit.shape[1]:
        return 1.0
    return wp.where(int(lit[b, i, j] >> wp.int64(32)) <= steps, 1.0, 0.0)


@wp.func
def light_reaches(lamp: Eye, point: wp.vec3, b: int, lit: wp.array(dtype=wp.int64, ndim=3)) -> float:
    """The share of the light that no face nearer to the lamp holds back, between the four texels around."""
    half = 0.5 * float(lit.shape[1])
    place = project(lamp, point, half)
    x = place[0] + 0.5
    y = place[1] + 0.5
    if x <= 0.0 or y <= 0.0 or x >= 2.0 * half + 1.0 or y >= 2.0 * half + 1.0:
        return 1.0
    j = int(x)
    i = int(y)
    fx = x - float(j)
    fy = y - float(i)
    steps = int(place[2] * lamp.steps)
    above = wp.lerp(lit_at(steps, i - 1, j - 1, b, lit), lit_at(steps, i - 1, j, b, lit), fx)
    below = wp.lerp(lit_at(steps, i, j - 1, b, lit), lit_at(steps, i, j, b, lit), fx)
    return wp.lerp(above, below, fy)


@wp.func
def texel(bank: Bank, index: int) -> wp.vec3:
    return wp.vec3(
        bank.to_linear[int(bank.texels[index, 0])],
        bank.to_linear[int(bank.texels[index, 1])],
        bank.to_linear[int(bank.texels[index, 2])],
    )


@wp.func
def sample_texture(bank: Bank, texture: int, uv: wp.vec2) -> wp.vec3:
    """Bilinear, in linear light, repeating beyond [0, 1]; v upwards, rows downwards."""
    start = bank.texture_shapes[texture][0]
    height = bank.texture_shapes[texture][1]
    width = bank.texture_shapes[texture][2]
    x = (uv[0] - wp.floor(uv[0])) * float(width) - 0.5
    y = (1.0 - (uv[1] - wp.floor(uv[1]))) * float(height) - 0.5
    fx = x - wp.floor(x)
    fy = y - wp.floor(y)
    left = (int(wp.floor(x)) + width) % width
    top = (int(wp.floor(y)) + height) % height
    right = (left + 1) % width
    upper = start + top * width
    lower = start + ((top + 1) % height) * width
    above = wp.lerp(texel(bank, upper + left), texel(bank, upper + right), fx)
    below = wp.lerp(texel(bank, lower + left), texel(bank, lower + right), fx)
    return wp.lerp(above, below, fy)


@wp.struct
class Lights:
    """The lights on one row, in the object's space."""

    up: wp.vec3
    sun: wp.vec3
    lamp: Eye
    lamp_colour: wp.vec3
    ground: wp.vec3  # radiance of the floor, seen from above


@wp.func
def radiance(
    fixed: Fixed,
    lights: Lights,
    albedo: wp.vec3,
    point: wp.vec3,
    normal: wp.vec3,
    lift: float,
    b: int,
    lit: wp.array(dtype=wp.int64, ndim=3),
) -> wp.vec3:
    """Light that a matt surface sends back: sky and floor from around, the soft sun, the spot with its shadow."""
    above = 0.5 + 0.5 * wp.dot(normal, lights.up)
    light = wp.vec3(fixed.sky * above + fixed.sun * soft_cosine(wp.dot(normal, lights.sun), fixed.sun_sine))
    light += lights.ground * (1.0 - above)
    to_lamp = lights.lamp.position - point
    near = 1.0 / wp.length(to_lamp)
    facing = wp.dot(normal, to_lamp) * near
    cone = (-wp.dot(to_lamp, lights.lamp.forward) * near - fixed.spot_cosine) * fixed.spot_rise
    if facing > 0.0 and cone > 0.0:
        c = wp.min(cone, 1.0)
        strength = facing * c * c * (3.0 - 2.0 * c) * near * near * lights.lamp.distance * lights.lamp.distance
        light += lights.lamp_colour * (strength * light_reaches(lights.lamp, point + lift * normal, b, lit))
    return wp.cw_mul(albedo, light)


@wp.func
def unit_interval(x: float) -> float:
    """Clamped, and 0 for the NaN of a face seen edge-on."""
    return wp.where(x > 0.0, wp.min(x, 1.0), 0.0)


@wp.func
def surface(
    bank: Bank,
    fixed: Fixed,
    lights: Lights,
    origin: wp.vec3,
    ray: wp.vec3,
    face: int,
    lift: float,
    b: int,
    lit: wp.array(dtype=wp.int64, ndim=3),
) -> wp.vec3:
    """What a face sends back along a ray that meets it (Moeller & Trumbore, 1997)."""
    corners = bank.faces[face]
    p = bank.vertices[corners[0]]
    e1 = bank.vertices[corners[1]] - p
    e2 = bank.vertices[corners[2]] - p
    s = origin - p
    facet = wp.cross(e1, e2)
    turn = wp.cross(ray, s)
    slope = -wp.dot(ray, facet)
    v = unit_interval(-wp.dot(e2, turn) / slope)
    w = unit_interval(wp.dot(e1, turn) / slope)
    u = 1.0 - v - w
    point = p + e1 * v + e2 * w
    n = wp.normalize(bank.normals[face, 0] * u + bank.normals[face, 1] * v + bank.normals[face, 2] * w)
    # Faces may be wound either way, so both normals are turned to the side that is seen.
    n = n * wp.sign(wp.dot(n, facet)) * wp.sign(slope)
    albedo = bank.colours[face]
    texture = bank.texture_ids[face]
    if texture >= 0:
        uv = bank.uvs[face, 0] * u + bank.uvs[face, 1] * v + bank.uvs[face, 2] * w
        albedo = wp.cw_mul(albedo, sample_texture(bank, texture, uv))
    return radiance(fixed, lights, albedo, point, n, lift, b, lit)


@wp.func
def encode(bank: Bank, linear: float) -> wp.uint8:
    """sRGB in 8 bits from a table over the square root, which spaces its entries evenly to the eye."""
    last = bank.to_srgb.shape[0] - 1
    return bank.to_srgb[wp.clamp(int(wp.sqrt(wp.max(linear, 0.0)) * float(last) + 0.5), 0, last)]


@wp.kernel
def shade(
    bank: Bank,
    fixed: Fixed,
    rows: Rows,
    first_row: int,
    samples: int,
    span: int,
    visible: wp.array(dtype=wp.int64, ndim=3),
    lit: wp.array(dtype=wp.int64, ndim=3),
    views: wp.array(dtype=wp.uint8, ndim=4),
):
    """Colours `span` neighbouring pixels of one line of one view; a fourth channel takes the object's coverage."""
    b, i, part = wp.tid()
    row = first_row + b
    size = views.shape[2]
    cutout = views.shape[1] == 4
    scene = int(rows.scenes[row])
    rotation = rows.rotations[row]
    radius = bank.radii[scene]
    eye = look(fixed.eye, rotation, fixed.zoom, radius)
    stage = rows.stages[row]
    floor_colour = hsv(stage[0], fixed.floor_saturation, fixed.floor_value)
    lights = Lights()
    lights.up = wp.quat_rotate_inv(rotation, wp.vec3(0.0, 0.0, 1.0))
    lights.sun = wp.quat_rotate_inv(rotation, fixed.sun_direction)
    lights.lamp = look(lamp_place(fixed, stage), rotation, 0.0, radius)
    lights.lamp_colour = fixed.spot * hsv(stage[3], fixed.spot_saturation, fixed.spot_value)
    lights.ground = wp.vec3(fixed.sky)
    if fixed.has_floor:
        lights.ground = floor_colour * (fixed.sun * fixed.sun_direction[2] + fixed.sky)
    drop = fixed.floor - fixed.eye[2]
    lift = _LIFT * 2.0 * radius / float(lit.shape[1])
    edge = 1.0 / fixed.zoom
    step = 2.0 * edge / float(size * samples)
    share = 1.0 / float(samples * samples)
    for j in range(part * span, wp.min(part * span + span, size)):
        colour = wp.vec3(0.0)
        coverage = float(0.0)  # noqa: UP018 (a variable to Warp, not a constant)
        for k in range(samples * samples):
            y = i * samples + k // samples
            x = j * samples + k % samples
            ray = eye.forward + eye.right * ((float(x) + 0.5) * step - edge)
            ray += eye.down * ((float(y) + 0.5) * step - edge)
            face = int(visible[b, y, x] & wp.int64(2147483647)) - 1
            if face >= 0:
                coverage += share
                colour += share * surface(bank, fixed, lights, eye.position, ray, face, lift, b, lit)
            elif not cutout:
                fall = wp.dot(ray, lights.up)
                if fixed.has_floor and fall * drop > 0.0:
                    point = eye.position + ray * (drop / fall)
                    colour += share * radiance(fixed, lights, floor_colour, point, lights.up, 0.0, b, lit)
                else:
                    colour += share * fixed.background
        if cutout:
            colour = colour / wp.max(coverage, share)
            views[row, 3, i, j] = wp.uint8(coverage * 255.0 + 0.5)
        for c in range(3):
            views[row, c, i, j] = encode(bank, colour[c])
