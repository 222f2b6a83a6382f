"""What every world does."""

import copy
import gc
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import (
    AugmentationsWorld,
    ImagesWorld,
    ObjectsWorld,
    StoredViewsWorld,
    World,
    shared_world,
)


def test_a_deep_copy_is_the_world_itself(world: World):
    assert copy.deepcopy(world) is world


def test_a_pickled_world_is_made_again(world: World):
    restored = pickle.loads(pickle.dumps(world))
    assert restored is not world
    assert restored.options == world.options
    assert torch.equal(restored.rollout(3, 3).views, world.rollout(3, 3).views)


@pytest.mark.parametrize(
    ("name", "options"),
    [("images", {"fovea": 16, "subpixel": True}), ("objects", {"size": 16}), ("augmentations", {"size": 32})],
)
def test_built_in_worlds_are_split_and_deterministic(name: str, options: dict):
    train, again, test = (make_world(name, count=2, split=s, **options) for s in ("train", "train", "test"))
    assert len(train) == 2
    assert torch.equal(train.rollout(2, 2).views, again.rollout(2, 2).views)
    assert not torch.equal(train.rollout(2, 2).views, test.rollout(2, 2).views)


def test_worlds_are_shared_while_they_are_used():
    first = shared_world("images", count=2, fovea=16)
    assert shared_world("images", fovea=16, count=2) is first
    assert shared_world("images", count=2, fovea=17) is not first
    del first
    gc.collect()
    assert shared_world("images", count=1, fovea=16) is not None


@pytest.mark.parametrize("make", [make_world, shared_world])
@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("sounds", {}, ValueError, "world='sounds' is not known; use one of 'images', 'objects'"),
        (["images"], {}, ValueError, r"world=\['images'\] is not known"),
        ("images", {"foo": 1}, TypeError, "world 'images' has no option 'foo'; it takes .*'count', .*'subpixel'"),
        ("images", {"rotations": "so3", "size": 64}, TypeError, "world 'images' has no option 'rotations'"),
        ("objects", {"fovea": 3}, TypeError, "world 'objects' has no option 'fovea'; it takes .*'count', .*'stage'"),
        ("images", {"retina": "eagle"}, ValueError, "retina='eagle' is not known; use one of 'crop'"),
        ("images", {"retina": ["crop"]}, ValueError, r"retina=\['crop'\] is not known"),
        ("images", {"count": 1, "fovea": [8]}, TypeError, r"fovea=\[8\] is not a whole number"),
        ("images", {"count": 0}, ValueError, "count=0"),
        ("images", {"split": "dev"}, ValueError, "split='dev'"),
        ("images", {"device": "tpu"}, ValueError, "device='tpu' is not a device torch knows"),
        ("images", {"device": "meta"}, ValueError, "device='meta' is not supported"),
        ("objects", {"count": 1, "setup": "moon"}, ValueError, "setup='moon' is not known; use one of 'studio'"),
        ("objects", {"count": 1, "stage": "row"}, ValueError, "stage='row' is not known; use one of 'scene', 'view'"),
        ("objects", {"count": 1, "rotations": "all"}, ValueError, "rotations='all' is not known"),
    ],
)
def test_bad_options_are_named(make, name: str, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(name, **options)


@pytest.mark.parametrize("name", ["images", "objects", "augmentations"])
def test_a_missing_folder_is_named(name: str, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        make_world(name, str(tmp_path / "nowhere"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("name", ["images", "objects", "augmentations"])
def test_cuda_where_there_is_none_is_refused(name: str):
    with pytest.raises(ValueError, match=r"device='cuda' was asked for, .* use device=\"cpu\""):
        make_world(name, device="cuda")


def test_an_action_out_of_bounds_names_its_row(world: World):
    actions = torch.full((4, world.action_dim), 0.5)
    world.check_actions(actions)
    for bad in (1.5 * world.action_high, 1.001 * world.action_low, float("nan"), float("inf")):
        actions[2, 1] = bad
        with pytest.raises(ValueError, match=r"action \[0\.5, (1\.5|-1\.00|nan|inf).*\] of row 2: use finite numbers"):
            world.check_actions(actions)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ImagesWorld, "a world is made of a PictureSet, got Tensor"),
        (AugmentationsWorld, "a world is made of a PictureSet, got Tensor"),
        (ObjectsWorld, "a world of objects is made of a MeshSet, got Tensor"),
        (StoredViewsWorld, "a world of stored views is made of a ViewSet, got Tensor"),
    ],
)
def test_what_a_world_is_not_made_of(pictures: PictureSet, kind: Callable[..., World], message: str):
    with pytest.raises(TypeError, match=message):
        kind(pictures.pictures)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"pictures": torch.zeros(6, 3, 40, 40, dtype=torch.uint8)},
            r"pictures must be \(N, S, S, 3\) uint8, got \(6, 3,",
        ),
        ({"pictures": torch.zeros(6, 40, 40, 3)}, r"pictures must be \(N, S, S, 3\) uint8, got .*float32"),
        (
            {"labels": torch.zeros(5, dtype=torch.int64)},
            r"labels must be \(6,\) int64, one for each picture, got \(5,\)",
        ),
        ({"labels": torch.zeros(6)}, r"labels must be \(6,\) int64, .* got \(6,\) torch.float32"),
    ],
    ids=str,
)
def test_pictures_and_labels_that_do_not_fit(pictures: PictureSet, change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        ImagesWorld(replace(pictures, **change), fovea=8)
