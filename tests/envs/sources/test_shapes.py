"""The built-in shapes: deterministic by instance, disjoint between splits, apart between classes, without symmetry."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.renderer import SETUPS, Renderer
from saccadeworld.envs.sources.shapes import make_shapes


def same(a, b) -> bool:
    return a.vertices.shape == b.vertices.shape and np.array_equal(a.vertices, b.vertices)


def test_an_instance_depends_on_its_seed_split_and_index_only():
    few, many = make_shapes("train", 20, seed=3), make_shapes("train", 70, seed=3)
    for a, b in zip(few.meshes, many.meshes, strict=False):
        for name in ("vertices", "faces", "normals", "colours"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
    assert few.names == many.names[:20]
    other, test = make_shapes("train", 20, seed=4), make_shapes("test", 20, seed=3)
    assert not any(same(a, b) for a, b in zip(few.meshes, other.meshes, strict=True))
    assert not any(same(a, b) for a in many.meshes for b in test.meshes)


def test_instances_of_a_class_differ_and_classes_are_balanced():
    shapes = make_shapes("train", 160)
    assert len(shapes.classes) >= 12
    assert torch.bincount(shapes.labels, minlength=len(shapes.classes)).tolist() == [10] * 16
    assert len(set(shapes.names)) == 160
    for label in range(16):
        meshes = [mesh for mesh, other in zip(shapes.meshes, shapes.labels.tolist(), strict=True) if other == label]
        extents = np.array([np.ptp(mesh.vertices, axis=0) for mesh in meshes])
        assert extents.std(0).max() > 0.01
        assert len({mesh.colours.tobytes() for mesh in meshes}) == 10


def test_meshes_keep_the_promises_of_their_type():
    for mesh in make_shapes("test", 160).meshes:
        low, high = mesh.vertices.min(0), mesh.vertices.max(0)
        np.testing.assert_allclose(low + high, 0, atol=1e-6)
        assert np.linalg.norm(high - low) == pytest.approx(1, abs=1e-6)
        assert len(mesh.faces) <= 400
        assert mesh.faces.max() < len(mesh.vertices)
        assert mesh.vertices.dtype == mesh.normals.dtype == mesh.colours.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=-1), 1, atol=1e-5)
        assert mesh.colours.min() >= 0
        assert mesh.colours.max() <= 1


def test_no_rotation_maps_a_shape_onto_itself():
    """Surface points of a turned shape lie away from the shape, whatever the half or quarter or third turn."""
    axes = torch.nn.functional.normalize(
        torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [1, -1, 1]]), dim=1
    )
    turns = [
        rotations.to_matrix(rotations.from_axis_angle(axis, torch.tensor(angle))).numpy()
        for axis in axes
        for angle in (np.pi / 2, 2 * np.pi / 3, np.pi, 4 * np.pi / 3, 3 * np.pi / 2)
    ]
    for mesh in make_shapes("train", 16).meshes:
        points = np.concatenate([mesh.vertices, mesh.vertices[mesh.faces].mean(1)])
        for turn in turns:
            apart = np.linalg.norm((points @ turn.T)[:, None] - points[None], axis=-1).min(1)
            assert apart.max() > 0.09


def test_classes_look_different_from_the_side_and_from_a_corner():
    """Silhouettes of one class overlap better with their own kind than with most others."""
    shapes = make_shapes("train", 48)
    renderer = Renderer(shapes.meshes, replace(SETUPS["studio"], size=32))
    pose = rotations.from_axis_angle(torch.tensor([[0.0, 0, 1]]), torch.tensor([0.5])).expand(48, 4)
    masks = (renderer.render_rgba(torch.arange(48), pose)[:, 3] > 0).flatten(1).float()
    both = masks @ masks.T
    overlap = both / (masks.sum(1)[:, None] + masks.sum(1)[None] - both)
    own = shapes.labels[:, None] == shapes.labels[None]
    kin = overlap[own & ~torch.eye(48, dtype=torch.bool)].mean()
    strangers = overlap[~own].mean()
    assert kin > strangers + 0.2


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="validation"):
        make_shapes("validation", 3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="count=0"):
        make_shapes("train", 0)
