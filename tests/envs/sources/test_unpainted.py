import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import Mesh, MeshSet
from saccadeworld.envs.sources.primitives import box
from saccadeworld.envs.sources.unpainted import unpainted
from saccadeworld.envs.worlds import ObjectsWorld, make_world


def test_shapes_stay_and_paint_goes(meshes: MeshSet):
    plain = unpainted(meshes)
    assert (plain.classes, plain.names) == (meshes.classes, meshes.names)
    for before, after in zip(meshes.meshes, plain.meshes, strict=True):
        assert np.array_equal(before.vertices, after.vertices)
        assert np.array_equal(before.normals, after.normals)
        assert np.unique(after.colours).size == 1
        assert after.textures == ()
        assert (after.texture_ids == -1).all()


def test_grey_objects_have_no_hue_of_their_own(meshes: MeshSet):
    """Under white light, on a grey floor: what hue is left is that of rounding."""
    options = {"size": 16, "rotations": "turntable", "stage": "setup"}
    worlds = {colours: ObjectsWorld(meshes, colours=colours, **options) for colours in ("own", "grey")}
    scenes, poses = torch.arange(4), torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(4, 1)
    views = {colours: world.views(scenes, poses).float() for colours, world in worlds.items()}
    tint = {colours: (v.mean((2, 3)) / v.mean((1, 2, 3))[:, None]).std(0).max() for colours, v in views.items()}
    assert tint["grey"] < 0.2 * tint["own"]
    assert not torch.equal(views["grey"], views["own"])


def test_the_option_travels_with_the_world():
    world = make_world("objects", count=3, size=12, colours="grey")
    assert world.options["colours"] == "grey"
    with pytest.raises(ValueError, match="colours='red' is not known; use one of 'own', 'grey'"):
        make_world("objects", count=3, size=12, colours="red")


def test_textures_are_dropped():
    solid = box(0.5, 0.5, 0.5)
    faces = len(solid.faces)
    mesh = Mesh(
        solid.vertices,
        solid.faces,
        solid.normals,
        np.ones((faces, 3), np.float32),
        np.ones((faces, 3, 2), np.float32),
        np.zeros(faces, np.int32),
        (np.zeros((2, 2, 3), np.uint8),),
    )
    painted = MeshSet(meshes=(mesh,), labels=torch.zeros(1, dtype=torch.int64), classes=("box",), names=("box",))
    (plain,) = unpainted(painted).meshes
    assert (plain.textures, plain.uvs.any(), plain.texture_ids.max()) == ((), False, -1)
