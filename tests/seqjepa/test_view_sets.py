import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.seqjepa.features import spread_scenes
from saccadeworld.seqjepa.view_sets import embed_view_sets
from tiny import tiny_model, tiny_world


def test_pictures_are_seen_on_a_grid_in_an_order_of_their_own():
    world, model = tiny_world(), tiny_model().eval()
    sets = embed_view_sets(model, world, 12, 20, seed=5)
    grid = torch.cartesian_prod(torch.tensor([2, 6, 10, 14]), torch.tensor([2, 6, 10, 14])) / 16
    assert sets.z.shape == (12, 16, 16)
    for poses in sets.poses:
        assert sorted(poses.tolist()) == sorted(grid.tolist())
    assert len({tuple(poses[0].tolist()) for poses in sets.poses}) > 3
    assert torch.equal(sets.scenes, spread_scenes(world, 12))
    assert torch.equal(sets.labels, world.labels[sets.scenes])
    with torch.no_grad():
        views = world.views(sets.scenes[3:4].expand(16), sets.poses[3])
        torch.testing.assert_close(sets.z[3], model.encode(views), rtol=1e-4, atol=1e-5)


def test_objects_are_seen_as_in_rollouts(meshes):
    world, model = ObjectsWorld(meshes, size=8), tiny_model(action_dim=4).train()
    sets = embed_view_sets(model, world, 4, 7, seed=9)
    batch = world.rollout(None, 7, None, 9, spread_scenes(world, 4))
    assert model.training
    assert torch.equal(sets.poses, batch.poses)
    with torch.no_grad():
        torch.testing.assert_close(sets.z, model.eval().encode(batch.views), rtol=1e-4, atol=1e-5)
    assert not sets.z.requires_grad


def test_many_scenes_are_those_of_few(monkeypatch):
    """More than are embedded at a time."""
    world, model = tiny_world(), tiny_model()
    whole = embed_view_sets(model, world, 12, 9, "uniform", seed=2)
    monkeypatch.setattr("saccadeworld.seqjepa.view_sets._VIEWS_AT_ONCE", 20)
    parts = embed_view_sets(model, world, 12, 9, "uniform", seed=2)
    assert torch.equal(parts.poses, whole.poses)
    torch.testing.assert_close(parts.z, whole.z, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_close():
    plain, fast = (embed_view_sets(tiny_model(), tiny_world(), 12, 9, bf16=bf16) for bf16 in (False, True))
    assert fast.z.dtype == torch.float32
    assert 0 < (plain.z - fast.z).abs().mean() < 0.01 * plain.z.std()


def test_impossible_sizes_are_refused():
    world: ImagesWorld = tiny_world()
    with pytest.raises(ValueError, match="scenes=13 is out of range; use 1 to 12"):
        embed_view_sets(tiny_model(), world, 13, 9)
    with pytest.raises(ValueError, match="views=1"):
        embed_view_sets(tiny_model(), world, 12, 1)
    with pytest.raises(ValueError, match="actions of 4 numbers, the world 'images' has 2"):
        embed_view_sets(tiny_model(action_dim=4), world, 12, 9)
