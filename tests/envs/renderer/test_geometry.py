"""Where things appear: projection, occlusion, rotation, and rows that do not depend on one another."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws, rotations
from saccadeworld.envs.renderer import SETUPS, Renderer, Setup
from saccadeworld.envs.sources.primitives import ellipsoid
from saccadeworld.envs.sources.shapes import make_shapes
from scipy.spatial.transform import Rotation

NO_FLOOR = Setup(size=64, floor=None, background=(0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def shapes():
    return make_shapes("train", 16).meshes


def some_rotations(count: int, purpose: str = "poses") -> torch.Tensor:
    return rotations.uniform(draws.uniform(torch.arange(count), 0, purpose, 3))


def silhouette(mesh, setup, rotation) -> np.ndarray:
    view = Renderer([mesh], setup).render_rgba(torch.zeros(1, dtype=torch.int64), rotation)
    return view[0, 3].numpy() > 0


@pytest.mark.parametrize("name", SETUPS)
def test_a_sphere_covers_the_cone_of_rays_that_meet_it(name, mesh, reference, identity):
    setup = replace(SETUPS[name], size=64, camera_azimuth=0.7)
    ball = ellipsoid(0.3, 0.3, 0.3, rings=48, sides=96)
    shown = silhouette(mesh(ball.vertices, ball.faces), setup, identity)
    camera = reference(setup)
    away = np.linalg.norm(np.cross(camera.rays(), camera.eye), axis=-1)  # each ray's distance from the origin
    pixel = 2 * math.tan(setup.field_of_view / 2) / 64 * setup.camera_distance
    clear = np.abs(away - 0.3) > 0.1 * pixel
    np.testing.assert_array_equal(shown[clear], (away < 0.3)[clear])
    assert clear.mean() > 0.95


def test_a_small_thing_appears_where_a_pinhole_camera_puts_it(mesh, reference, identity):
    setup = replace(SETUPS["3diebench"], size=256, samples=2)
    for place in ([0.3, 0.1, 0.2], [-0.2, 0.3, -0.25], [0.0, -0.4, 0.1]):
        bead = ellipsoid(0.02, 0.02, 0.02)
        view = Renderer([mesh(bead.vertices + place, bead.faces)], setup).render_rgba(
            torch.zeros(1, dtype=torch.int64), identity
        )
        alpha = view[0, 3].double().numpy()
        pixels = np.stack(np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5, indexing="ij"), axis=-1)
        centre = (pixels * alpha[..., None]).sum((0, 1)) / alpha.sum()
        np.testing.assert_allclose(centre, reference(setup).project(np.array(place)), atol=0.15)


def test_3diebench_sees_x_to_the_left_and_z_upwards(reference):
    setup = SETUPS["3diebench"]
    camera = reference(setup)
    np.testing.assert_allclose(camera.eye, [0, 2.5 / math.sqrt(2), 2.5 / math.sqrt(2)], atol=1e-12)
    centre, left, above = camera.project(np.array([[0, 0, 0], [0.1, 0, 0], [0, 0, 0.1]]))
    np.testing.assert_allclose(centre, [64, 64], atol=1e-9)
    assert left[1] < 64
    assert above[0] < 64
    # Blender's default lens, 50 mm on 36 mm: at distance 2.5 the view is 1.8 wide.
    assert 64 / (64 - left[1]) == pytest.approx(0.9 / 0.1, rel=1e-3)


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize("index", [1, 7, 12])
def test_a_view_is_that_of_a_ray_tracer(name, index, shapes, reference):
    setup = replace(SETUPS[name], size=40)
    rotation = some_rotations(16)[index]
    stage = torch.tensor([0.3, 0.5, 2.0, 0.8])
    matrix = Rotation.from_quat(rotation.numpy()).as_matrix()
    expected, hit = reference(setup).trace(shapes[index], matrix, stage.double().numpy())
    renderer = Renderer([shapes[index]], setup)
    scene = torch.zeros(1, dtype=torch.int64)
    view = renderer.render(scene, rotation[None], stage[None])[0].permute(1, 2, 0).numpy()
    alpha = renderer.render_rgba(scene, rotation[None], stage[None])[0, 3].numpy()
    assert (hit == (alpha == 255)).mean() > 0.999
    error = np.abs(view - expected).max(axis=-1)
    assert (error <= 2).mean() > 0.955  # the rest are the borders of shadows
    assert np.median(error) <= 1


def test_the_nearer_face_hides_the_farther_whatever_their_order(mesh, identity):
    camera = np.array([0.0, math.sin(NO_FLOOR.camera_polar), math.cos(NO_FLOOR.camera_polar)])
    across, up = np.array([1.0, 0, 0]), np.cross([1.0, 0, 0], camera)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ np.stack([across, up])
    vertices = np.concatenate([0.3 * square - 0.1 * camera, 0.1 * square + 0.1 * camera])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    colours = np.array([[1, 0, 0]] * 2 + [[0, 0, 1]] * 2)
    views = []
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        renderer = Renderer([mesh(vertices, faces[order], colours[order])], NO_FLOOR)
        views.append(renderer.render(torch.zeros(1, dtype=torch.int64), identity)[0])
        assert torch.equal(views[-1], views[0])
    assert views[0][2, 32, 32] > 100
    assert views[0][0, 32, 32] == 0
    assert views[0][0, 20, 20] > 100


def test_rotating_the_pose_is_rotating_the_mesh(shapes):
    setup = replace(SETUPS["studio"], size=48)
    rotation = some_rotations(3)
    for mesh, q in zip(shapes[:3], rotation, strict=True):
        matrix = Rotation.from_quat(q.numpy()).as_matrix().astype(np.float32)
        turned = replace(mesh, vertices=mesh.vertices @ matrix.T, normals=mesh.normals @ matrix.T)
        scene = torch.zeros(1, dtype=torch.int64)
        expected = Renderer([turned], setup).render(scene, torch.tensor([[0.0, 0, 0, 1]]))
        view = Renderer([mesh], setup).render(scene, q[None])
        assert ((view.int() - expected.int()).abs() <= 2).float().mean() > 0.995
        opposite = Renderer([mesh], setup).render(scene, -q[None])
        assert torch.equal(view, opposite)


def test_a_row_is_the_same_alone_in_a_batch_and_on_two_threads(shapes):
    renderer = Renderer(shapes, replace(SETUPS["studio"], size=64))
    count = 75  # more than two chunks of depth buffers
    scenes, poses = torch.arange(count) % 16, some_rotations(count)
    stage = draws.uniform(torch.arange(count), 0, "stage", 4)
    batch = renderer.render(scenes, poses, stage)
    for row in (0, 1, 31, 32, 63, 74):
        alone = renderer.render(scenes[row : row + 1], poses[row : row + 1], stage[row : row + 1])
        assert torch.equal(alone[0], batch[row])
    threads = torch.get_num_threads()
    try:
        for torch_threads in (1, 3):
            torch.set_num_threads(torch_threads)
            assert torch.equal(renderer.render(scenes, poses, stage), batch)
    finally:
        torch.set_num_threads(threads)


def test_an_empty_batch_is_empty(shapes):
    renderer = Renderer(shapes, Setup(size=32))
    assert renderer.render(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4)).shape == (0, 3, 32, 32)


def test_no_stage_is_the_set_ups_own(shapes):
    setup = replace(SETUPS["studio"], stage=(0.1, 0.2, 0.3, 0.4))
    renderer = Renderer(shapes, setup)
    scenes, poses = torch.arange(2), some_rotations(2)
    stage = torch.tensor([setup.stage]).expand(2, 4)
    assert torch.equal(renderer.render(scenes, poses), renderer.render(scenes, poses, stage))


def test_four_samples_are_the_mean_of_four_pixels_in_linear_light(shapes, srgb):
    scenes, poses = torch.arange(8), some_rotations(8)
    fine = Renderer(shapes, replace(SETUPS["3diebench"], size=64)).render(scenes, poses)
    smooth = Renderer(shapes, replace(SETUPS["3diebench"], size=32, samples=2)).render(scenes, poses)
    encoded = fine.double().numpy() / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    expected = srgb(linear.reshape(8, 3, 32, 2, 32, 2).mean(axis=(3, 5)))
    assert np.abs(smooth.numpy() - expected).max() < 1.5


def test_cut_out_objects_have_the_colours_of_those_before_the_background(shapes):
    scenes, poses = torch.arange(16), some_rotations(16)
    for samples in (1, 3):
        renderer = Renderer(shapes, replace(NO_FLOOR, samples=samples))
        plain, cut = renderer.render(scenes, poses), renderer.render_rgba(scenes, poses)
        whole = cut[:, 3:] == 255
        assert torch.equal(cut[:, :3][whole.expand(-1, 3, -1, -1)], plain[whole.expand(-1, 3, -1, -1)])
        assert (cut[:, :3].amax(1)[cut[:, 3] == 0] == 0).all()
        partial = ((cut[:, 3] > 0) & (cut[:, 3] < 255)).any()
        assert bool(partial) == (samples > 1)


def test_meshes_of_any_winding_look_alike(shapes):
    renderer = Renderer(shapes, SETUPS["studio"])
    flipped = Renderer(
        [replace(m, faces=m.faces[:, ::-1].copy(), normals=-m.normals[:, ::-1]) for m in shapes], SETUPS["studio"]
    )
    scenes, poses = torch.arange(16), some_rotations(16)
    difference = (renderer.render(scenes, poses).int() - flipped.render(scenes, poses).int()).abs()
    assert (difference <= 1).float().mean() > 0.999


def test_adjoining_faces_leave_no_gap(mesh):
    """A fan of thin triangles about an off-centre point, a full square: every pixel within is covered."""
    rim = np.concatenate([np.stack([np.cos(a), np.sin(a), 0 * a], 1) for a in [np.linspace(0, 2 * np.pi, 97)[:-1]]])
    vertices = np.concatenate([0.3 * rim, [[0.0131, 0.0273, 0.0]]])
    faces = np.stack([np.arange(96), (np.arange(96) + 1) % 96, np.full(96, 96)], axis=1)
    poses = some_rotations(64, "fans")
    renderer = Renderer([mesh(vertices, faces)], replace(NO_FLOOR, size=96))
    covered = renderer.render_rgba(torch.zeros(64, dtype=torch.int64), poses)[:, 3] > 0
    columns = torch.arange(96)
    for view in covered:
        for line in view[view.any(dim=1)]:
            first, last = columns[line].min(), columns[line].max()
            assert line[first : last + 1].all()  # an ellipse is convex
