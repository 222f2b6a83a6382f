"""What things look like: lights, shadows, the floor, colours and textures."""

import colorsys
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws, rotations
from saccadeworld.envs.renderer import SETUPS, Renderer, Setup
from saccadeworld.envs.sources.primitives import box, ellipsoid
from saccadeworld.envs.sources.shapes import make_shapes
from scipy.spatial.transform import Rotation

ONE = torch.zeros(1, dtype=torch.int64)


def facing(setup: Setup, turn: float = 0.0) -> torch.Tensor:
    """The rotation that takes +z to the camera and +y upwards in the view, then rolls about +z."""
    z = np.array([0.0, math.sin(setup.camera_polar), math.cos(setup.camera_polar)])
    x = np.array([-1.0, 0.0, 0.0])
    rotation = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1)) * Rotation.from_euler("z", turn)
    return torch.tensor(rotation.as_quat(), dtype=torch.float32)[None]


def square(mesh, **material):
    """0.7 wide, in the x-y plane; texture coordinates 0 to 1 from lower left to upper right."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 0.35
    return mesh(corners, [[0, 1, 2], [0, 2, 3]], **material)


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.0, 1.4, 2.0])
def test_a_plane_is_as_bright_as_its_angles_to_the_lights_say(angle, mesh, reference, srgb):
    setup = replace(SETUPS["studio"], floor=None, sun_polar=0.6, sun_azimuth=0.4, spot=0.4)
    stage = np.array([0.0, 0.4, 1.0, 0.3])
    tilt = rotations.from_axis_angle(torch.tensor([[1.0, 0, 0]]), torch.tensor([angle - 0.7]))
    rotation = rotations.multiply(tilt, facing(setup))
    view = Renderer([square(mesh, colours=(0.7, 0.5, 0.3))], setup).render(
        ONE, rotation, torch.tensor(stage, dtype=torch.float32)[None]
    )
    normal = Rotation.from_quat(rotation[0].numpy()).apply([0, 0, 1])
    camera = reference(setup)
    normal = normal * np.sign(normal @ camera.eye)
    light = camera.light(np.zeros(3), normal, stage, np.array(False))
    expected = srgb(np.array([0.7, 0.5, 0.3]) * light)
    np.testing.assert_allclose(view[0, :, 32, 32].numpy(), expected, atol=2)


@pytest.mark.parametrize("size", [0.3, 1.0, math.pi / 2])
def test_the_soft_sun_is_a_uniform_disc_of_sky(size, mesh, srgb, identity):
    """Against a sum over directions, for the floor under suns at all heights."""
    setup = Setup(sky=0.0, spot=0.0, sun=0.9, sun_size=size, floor=-0.5, floor_saturation=0.0, floor_value=0.8)
    generator = np.random.default_rng(0)
    cosines = 1 - generator.uniform(size=200_000) * (1 - math.cos(size / 2))
    azimuths = generator.uniform(0, 2 * math.pi, 200_000)
    sines = np.sqrt(1 - cosines**2)
    disc = np.stack([sines * np.cos(azimuths), sines * np.sin(azimuths), cosines], axis=1)
    bead = ellipsoid(0.01, 0.01, 0.01)
    for polar in (0.0, 0.6, 1.1, 1.5, 2.0):
        directions = Rotation.from_euler("y", polar).apply(disc)
        facing_share = np.clip(directions[:, 2], 0, None).mean() / cosines.mean()
        view = Renderer([mesh(bead.vertices, bead.faces)], replace(setup, sun_polar=polar)).render(ONE, identity)
        assert view[0, 0, 5, 5].item() == pytest.approx(float(srgb(0.8 * 0.9 * facing_share)), abs=4)


def test_the_floor_has_the_stages_hue(mesh, srgb, identity):
    setup = replace(SETUPS["3diebench"], size=32)
    bead = ellipsoid(0.01, 0.01, 0.01)
    hues = torch.linspace(0, 1, 13)
    stage = torch.stack([hues, torch.zeros(13), torch.zeros(13), hues], dim=1)
    views = Renderer([mesh(bead.vertices, bead.faces)], setup).render(
        torch.zeros(13, dtype=torch.int64), identity.expand(13, 4), stage
    )
    for hue, view in zip(hues.tolist(), views, strict=True):
        floor = np.array(colorsys.hsv_to_rgb(hue, 0.6, 0.6))
        corner = floor * (1.5 / math.pi + 0.05)  # outside the cone: the sun from above, and the sky
        np.testing.assert_allclose(view[:, 0, 0].numpy(), srgb(corner), atol=1)


def test_red_is_red(mesh, identity):
    """Hue 0 reddens the first channel, 1/3 the second, 2/3 the third, of floor and light alike."""
    bead = ellipsoid(0.01, 0.01, 0.01)
    renderer = Renderer([mesh(bead.vertices, bead.faces)], SETUPS["3diebench"])
    for channel in range(3):
        stage = torch.tensor([[channel / 3, 0.0, 0.0, channel / 3]])
        view = renderer.render(ONE, identity, stage)[0].float()
        assert view[:, 4, 4].argmax() == channel
        grey = renderer.render(ONE, identity, torch.tensor([[0.5, 0.0, 0.0, channel / 3]]))[0].float()
        assert (grey[:, 100, 64] - grey[:, 4, 4]).argmax() == channel  # within the cone less without it


@pytest.mark.parametrize(("theta", "phi"), [(0.0, 0.0), (0.5, 0.3), (0.7, 2.5), (0.6, 5.0)])
def test_a_ball_casts_its_shadow_where_the_geometry_says(theta, phi, mesh, reference, identity):
    setup = replace(SETUPS["3diebench"], size=96)
    ball = ellipsoid(0.25, 0.25, 0.25, rings=24, sides=48)
    ball = mesh(ball.vertices, ball.faces)
    stage = torch.tensor([[0.6, theta, phi, 0.1]])
    view = Renderer([ball], setup).render(ONE, identity, stage)[0].float()
    lamp_off = Renderer([ball], replace(setup, spot=0.0)).render(ONE, identity, stage)[0].float()
    camera = reference(setup)
    rays, lamp = camera.rays(), camera.lamp((0, theta, phi))
    points = camera.eye + rays * ((-1.0 - camera.eye[2]) / rays[..., 2:])
    to_lamp = (lamp - points) / np.linalg.norm(lamp - points, axis=-1, keepdims=True)
    clearance = np.linalg.norm(np.cross(to_lamp, points), axis=-1)
    in_cone = to_lamp @ lamp / 4 > math.cos(math.pi / 16) + 0.15 * (1 - math.cos(math.pi / 16))
    floor = np.linalg.norm(np.cross(rays, camera.eye), axis=-1) > 0.26
    dark = (view - lamp_off).abs().amax(0).numpy() <= 1
    inside, outside = floor & (clearance < 0.24), floor & in_cone & (clearance > 0.26)
    assert inside.sum() > 30
    assert dark[inside].mean() > 0.99
    assert outside.sum() > 300
    assert not dark[outside].any()


def test_an_object_shades_itself_and_only_where_it_should(mesh, identity):
    """A slab over a plate under a lamp overhead: dark beneath, lit beside, and no stray shadows on top."""
    slab, plate = box(0.3, 0.3, 0.04), box(0.6, 0.6, 0.04)
    thing = mesh(
        np.concatenate([slab.vertices + (0, 0, 0.2), plate.vertices - (0, 0, 0.2)]),
        np.concatenate([slab.faces, plate.faces + len(slab.vertices)]),
    )
    setup = Setup(size=64, floor=None, sun=0.0, sky=0.01, spot=0.9, spot_saturation=0.0, camera_polar=0.5)
    stage = torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    view = Renderer([thing], setup).render(ONE, identity, stage)[0, 0].numpy()
    alpha = Renderer([thing], setup).render_rgba(ONE, identity, stage)[0, 3].numpy()
    lit = Renderer([mesh(plate.vertices, plate.faces)], setup).render(ONE, identity, stage)[0, 0].numpy().max()
    on_thing = view[alpha > 0]
    dark, bright = on_thing < 40, on_thing > 0.8 * lit
    assert dark.mean() > 0.05  # the slab's shadow on the plate, and the sides
    assert bright.mean() > 0.6
    assert (dark | bright).mean() > 0.9  # little but the shadow's soft border lies between
    bottom = Rotation.from_euler("x", np.pi).as_quat()
    turned = Renderer([mesh(plate.vertices, plate.faces)], setup).render(
        ONE, torch.tensor(bottom, dtype=torch.float32)[None], stage
    )
    assert turned[0, 0].max() >= lit - 2


def test_a_texture_stands_upright_and_repeats(mesh):
    setup = replace(SETUPS["studio"], floor=None, background=(0.0, 0.0, 0.0), sun=0.0, spot=0.0, sky=1.0)
    colours = {"left top": (255, 0, 0), "right top": (0, 255, 0), "left bottom": (0, 0, 255), "right": (255, 255, 0)}
    texture = np.array(list(colours.values()), np.uint8).reshape(2, 2, 3).repeat(8, axis=0).repeat(8, axis=1)
    quarter = [(-1, -1), (-1, 1), (1, -1), (1, 1)]  # down, right: in the order of the colours
    for scale in (1, 3):
        uvs = scale * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        view = Renderer([square(mesh, colours=(1, 1, 1), uvs=uvs, texture=texture)], setup).render(ONE, facing(setup))
        places = Renderer([square(mesh)], setup).render_rgba(ONE, facing(setup))[0, 3].nonzero()
        low, high = places.amin(0), places.amax(0)
        side = (high - low + 1)[0].item()
        for (down, right), colour in zip(quarter, colours.values(), strict=True):
            tile = side / scale  # the middle of a quarter of the tile in the middle of the picture
            row = int(low[0] + side / 2 + down * tile / 4)
            column = int(low[1] + side / 2 + right * tile / 4)
            np.testing.assert_allclose(view[0, :, row, column].numpy(), colour, atol=12)


def test_a_texture_is_multiplied_by_the_faces_colour(mesh, srgb):
    setup = replace(SETUPS["studio"], floor=None, sun=0.0, spot=0.0, sky=1.0)
    texture = np.full((4, 4, 3), 128, np.uint8)
    thing = square(mesh, colours=(0.5, 1.0, 0.1), uvs=np.random.default_rng(0).random((4, 2)), texture=texture)
    view = Renderer([thing], setup).render(ONE, facing(setup))[0, :, 32, 32].numpy()
    np.testing.assert_allclose(view, srgb(((128 / 255 + 0.055) / 1.055) ** 2.4 * np.array([0.5, 1.0, 0.1])), atol=1)


def test_a_ramp_is_read_between_its_texels(mesh, srgb):
    """Bilinear in linear light: black to white over the middle half, level beyond by wrapping halfway."""
    setup = replace(SETUPS["studio"], size=128, floor=None, sun=0.0, spot=0.0, sky=1.0)
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[:, 1] = 255
    uvs = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    view = Renderer([square(mesh, colours=(1, 1, 1), uvs=uvs, texture=texture)], setup).render(ONE, facing(setup))
    width = 0.7 / (2 * setup.camera_distance * math.tan(setup.field_of_view / 2)) * 128
    u = (np.arange(128) + 0.5 - 64) / width + 0.5
    inside = (u > 0.02) & (u < 0.98)
    ramp = 0.5 + np.abs((u + 0.75) % 1 - 0.5) * -2 + 0.5  # 0 at u = 1/4, 1 at 3/4, 1/2 at 0, 1/2 and 1
    np.testing.assert_allclose(view[0, 0, 64].numpy()[inside], srgb(np.clip(ramp, 0, 1))[inside], atol=9)


def test_3diebench_is_as_bright_and_varied_as_the_data_set():
    """Mean and deviation of its pixels as published with seq-JEPA."""
    meshes = make_shapes("train", 64).meshes
    seeds = torch.arange(192)
    stage = draws.uniform(seeds, 0, "stage", 4) * torch.tensor([1.0, math.pi / 4, 2 * math.pi, 1.0])
    poses = rotations.from_euler((draws.uniform(seeds, 0, "angles", 3) - 0.5) * math.pi)
    renderer = Renderer(meshes, replace(SETUPS["3diebench"], size=48))
    views = renderer.render(seeds % 64, poses, stage).double() / 255
    pixels = views.transpose(0, 1).reshape(3, -1)
    np.testing.assert_allclose(pixels.mean(1), [0.5016, 0.5037, 0.5060], atol=0.025)
    np.testing.assert_allclose(pixels.std(1), [0.1030, 0.0999, 0.0969], atol=0.03)
