"""Errors, quietness, and agreement between devices."""

import copy
import json
import math
import pickle
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
import warp as wp
from saccadeworld.envs import draws, rotations
from saccadeworld.envs.renderer import SETUPS, Renderer, Setup
from saccadeworld.envs.sources.shapes import make_shapes


@pytest.fixture(scope="module")
def shapes():
    return make_shapes("train", 16).meshes


@pytest.fixture(scope="module")
def renderer(shapes):
    return Renderer(shapes, Setup(size=16))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("size", 32.0),
        ("samples", 0),
        ("samples", True),
        ("sky", "bright"),
        ("camera_distance", 0.4),
        ("camera_polar", 0.0),
        ("field_of_view", math.pi),
        ("spot_distance", 0.1),
        ("spot_cone", 0.0),
        ("spot_blend", 0.0),
        ("sun_size", 0.0),
        ("sky", math.nan),
        ("background", (0.0, math.inf, 0.0)),
    ],
)
def test_a_set_up_out_of_range_is_refused(field, value):
    with pytest.raises((TypeError, ValueError), match=field):
        Setup(**{field: value})


def test_what_is_no_set_up_or_mesh_is_refused(shapes):
    with pytest.raises(TypeError, match="setup='studio' is no Setup: take one of SETUPS"):
        Renderer(shapes, "studio")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="mesh 1 is no Mesh, but str"):
        Renderer([shapes[0], "cube"], Setup(size=16))  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"mesh 0: vertices must be an array of shape \(.*\), got list"):
        Renderer([replace(shapes[0], vertices=shapes[0].vertices.tolist())], Setup(size=16))


@pytest.mark.parametrize("name", SETUPS)
def test_a_set_up_survives_json(name):
    assert Setup(**json.loads(json.dumps(asdict(SETUPS[name])))) == SETUPS[name]


def test_wrong_tensors_are_refused(renderer):
    scenes, poses = torch.zeros(2, dtype=torch.int64), torch.tensor([[0.0, 0, 0, 1]] * 2)
    with pytest.raises(TypeError, match="scenes"):
        renderer.render(scenes.int(), poses)
    with pytest.raises(TypeError, match=r"scenes must be a torch tensor, torch\.int64, got list"):
        renderer.render([0, 0], poses)
    with pytest.raises(TypeError, match="rotations"):
        renderer.render(scenes, poses.double())
    with pytest.raises(ValueError, match="rotations"):
        renderer.render(scenes, poses[:, :3])
    with pytest.raises(ValueError, match="rotations"):
        renderer.render(scenes[:1], poses)
    with pytest.raises(ValueError, match="stage"):
        renderer.render(scenes, poses, torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r"rotations is on meta, the renderer on cpu; move it with \.to\(\)"):
        renderer.render(scenes, poses.to("meta"))
    for bad in (-1, 16):
        with pytest.raises(ValueError, match="scenes must lie in 0 to 15"):
            renderer.render(torch.full((2,), bad), poses)


def test_a_copy_draws_the_same(renderer):
    scenes, poses = torch.arange(4), rotations.uniform(draws.uniform(torch.arange(4), 0, "poses", 3))
    for twin in (copy.deepcopy(renderer), pickle.loads(pickle.dumps(renderer))):
        assert torch.equal(twin.render(scenes, poses), renderer.render(scenes, poses))


def test_values_that_are_no_numbers_do_no_harm(renderer):
    scenes = torch.zeros(3, dtype=torch.int64)
    poses = torch.tensor([[math.nan] * 4, [math.inf] * 4, [0.0, 0, 0, 1]])
    stage = torch.tensor([[math.nan] * 4] * 2 + [[0.1, 0.2, 0.3, 0.4]])
    views = renderer.render(scenes, poses, stage)
    assert torch.equal(views[2:], renderer.render(scenes[2:], poses[2:], stage[2:]))


def test_meshes_that_break_their_promises_are_refused(shapes):
    mesh = shapes[0]
    broken = {
        "at least one mesh": [],
        "finite": [replace(mesh, vertices=np.where(mesh.vertices > 0.2, np.nan, mesh.vertices))],
        "outside": [replace(mesh, faces=mesh.faces + 1)],
        "no faces": [replace(mesh, **{name: getattr(mesh, name)[:0] for name in FACE_FIELDS})],
        "shape": [replace(mesh, colours=mesh.colours[:-1])],
        "textures": [replace(mesh, texture_ids=mesh.texture_ids + 1)],
        "ball": [replace(mesh, vertices=mesh.vertices * 3)],
    }
    for message, meshes in broken.items():
        with pytest.raises(ValueError, match=message):
            Renderer(meshes, Setup())


FACE_FIELDS = ("faces", "normals", "colours", "uvs", "texture_ids")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_an_error(shapes):
    with pytest.raises(ValueError, match="CUDA"):
        Renderer(shapes, Setup(), "cuda")


def test_where_compiled_kernels_cannot_be_kept_the_remedy_is_named(shapes, monkeypatch):
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/locked/warp")

    monkeypatch.setattr(wp, "init", refuse)
    with pytest.raises(PermissionError, match=r"kernels to /locked/warp; set the environment variable WARP_CACHE_PATH"):
        Renderer(shapes, Setup(size=8))


def test_importing_starts_nothing_and_rendering_prints_nothing():
    program = """
import sys
from saccadeworld.envs.renderer import Renderer, Setup
assert "warp" not in sys.modules
import torch
import warp as wp
from saccadeworld.envs.sources.shapes import make_shapes
renderer = Renderer(make_shapes("train", 1).meshes, Setup(size=8))
renderer.render(torch.zeros(1, dtype=torch.int64), torch.tensor([[0.0, 0, 0, 1]]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_draws_what_the_cpu_draws(shapes):
    seeds = torch.arange(96)
    poses, stage = rotations.uniform(draws.uniform(seeds, 0, "poses", 3)), draws.uniform(seeds, 0, "stage", 4)
    on_cpu = Renderer(shapes, SETUPS["studio"]).render(seeds % 16, poses, stage)
    on_gpu = Renderer(shapes, SETUPS["studio"], "cuda").render((seeds % 16).cuda(), poses.cuda(), stage.cuda())
    assert on_gpu.is_cuda
    assert ((on_gpu.cpu().int() - on_cpu.int()).abs() <= 2).float().mean() > 0.995
