import math

import numpy as np
import pytest
import torch
from saccadeworld.envs.renderer import SETUPS
from saccadeworld.envs.sources.banks import MeshSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.scripts.benchmarks.limits import ray_casting, window_gather


def test_gathered_windows_are_the_views_of_the_world(images_world: ImagesWorld):
    scenes, fixations = torch.tensor([0, 3, 5]), torch.tensor([[0.5, 0.25], [0.0, 0.975], [0.1, 0.9]])
    turns = torch.stack([fixations, 0.5 * fixations])
    gather = window_gather(images_world.pictures, scenes, turns, 12)
    for expected in (*turns, *turns):
        assert np.array_equal(gather().transpose(0, 3, 1, 2), images_world.views(scenes, expected).numpy())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_limits_on_a_gpu_are_those_on_the_cpu(meshes: MeshSet):
    pictures, scenes = torch.randint(256, (4, 20, 20, 3), dtype=torch.uint8), torch.tensor([0, 3])
    turns = torch.tensor([[[0.5, 0.25], [0.1, 0.9]]])
    here, there = (window_gather(pictures.to(d), scenes.to(d), turns.to(d), 8)() for d in ("cpu", "cuda"))
    assert isinstance(there, torch.Tensor)
    assert np.array_equal(here, there.cpu())
    world = ObjectsWorld(meshes, size=32)
    poses = world.first_poses(scenes, scenes)
    here, there = (ray_casting(meshes.meshes, world.setup, scenes.to(d), poses.to(d))() for d in ("cpu", "cuda"))
    assert torch.allclose(here, there.cpu(), atol=1e-4)


def test_rays_hit_where_the_renderer_draws_the_object(meshes: MeshSet):
    world = ObjectsWorld(meshes, size=48)
    scenes = torch.arange(4)
    poses = world.first_poses(scenes, scenes)
    depths = ray_casting(meshes.meshes, world.setup, scenes, poses)()
    drawn = world.renderer.render_rgba(scenes, poses)[:, 3] > 127
    assert (depths.isfinite() == drawn).float().mean() > 0.99
    distance = SETUPS["studio"].camera_distance
    near = depths[depths.isfinite()]
    assert distance - 0.5 <= near.min() <= near.max() <= math.hypot(distance, 0.5) + 0.5


def test_the_depth_of_a_box_is_the_closed_form(meshes: MeshSet):
    """Seen from straight above, the top of a cube lies half its side below the camera's distance."""
    trimesh = pytest.importorskip("trimesh")
    from dataclasses import replace

    box = trimesh.creation.box(extents=[1 / math.sqrt(3)] * 3)
    mesh = replace(
        meshes.meshes[0], vertices=box.vertices.astype(np.float32), faces=np.ascontiguousarray(box.faces, np.int32)
    )
    setup = replace(SETUPS["studio"], size=5, camera_polar=1e-6)
    pose = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    depths = ray_casting([mesh], setup, torch.tensor([0]), pose)()
    assert depths[0, 2, 2].item() == pytest.approx(setup.camera_distance - 0.5 / math.sqrt(3), abs=1e-4)
