import math
from dataclasses import replace

import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.seqjepa.neighbours import find_neighbours, neighbour_scores
from saccadeworld.seqjepa.view_sets import embed_view_sets
from scipy.spatial.transform import Rotation
from sklearn.neighbors import NearestNeighbors
from tiny import tiny_model


@pytest.fixture(scope="module")
def objects(meshes):
    world = ObjectsWorld(meshes, size=16, rotations="so3")
    sets = embed_view_sets(tiny_model(action_dim=4), world, 4, 30)
    return world, replace(sets, z=torch.randn(sets.z.shape, generator=torch.Generator().manual_seed(0)))


def test_scores_are_those_of_slow_loops(objects):
    world, sets = objects
    z, labels = sets.z.flatten(0, 1).numpy(), sets.labels.repeat_interleave(30).tolist()
    turns = Rotation.from_quat(sets.poses.flatten(0, 1).double().numpy())
    order = NearestNeighbors(n_neighbors=120, metric="cosine").fit(z).kneighbors(z, return_distance=False)
    scores = neighbour_scores(world, sets, 3)
    for where, allowed in (
        ("any", lambda i, j: i != j),
        ("others", lambda i, j: i // 30 != j // 30),
    ):
        pairs = [(i, j) for i in range(120) for j in [j for j in order[i] if allowed(i, j)][:3]]
        angles = [(turns[i].inv() * turns[j]).magnitude() for i, j in pairs]
        assert scores[f"neighbours/distance/{where}"] == pytest.approx(sum(angles) / 360, rel=1e-4)
        same = sum(labels[i] == labels[j] for i, j in pairs)
        assert scores[f"neighbours/class/{where}"] == pytest.approx(same / 360)
    assert "neighbours/scene/others" not in scores


def test_chance_is_the_closed_form(objects):
    """Uniform rotations; 29 of the 119 other views show the same scene, each of a class of its own."""
    world, sets = objects
    scores = neighbour_scores(world, sets, 60)
    angle = math.pi / 2 + 2 / math.pi
    assert scores["neighbours/distance/any/chance"] == pytest.approx(angle, abs=0.08)
    assert scores["neighbours/distance/others/chance"] == pytest.approx(angle, abs=0.08)
    assert scores["neighbours/scene/any/chance"] == pytest.approx(29 / 119, abs=0.03)
    assert scores["neighbours/class/others/chance"] == 0


def test_embeddings_of_the_pose_find_the_pose_in_other_scenes(pictures):
    """Five pictures under the same grid: the four neighbours elsewhere are at the very place."""
    world = ImagesWorld(pictures, fovea=12)
    sets = embed_view_sets(tiny_model(), world, 5, 25)
    told = replace(sets, z=torch.cat([sets.poses, torch.ones(5, 25, 1)], -1))
    scores = neighbour_scores(world, told, 4)
    assert scores["neighbours/distance/others"] == pytest.approx(0, abs=1e-6)
    assert scores["neighbours/distance/others/chance"] > 0.4
    own = torch.arange(125)[:, None] // 25
    assert (find_neighbours(told, 4, other_scenes=True) // 25 != own).all()


def test_more_neighbours_than_views_are_refused(objects):
    with pytest.raises(ValueError, match="count=91 neighbours of 90 candidates"):
        find_neighbours(objects[1], 91, other_scenes=True)
