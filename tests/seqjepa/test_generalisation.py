import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from saccadeworld.envs.worlds import ObjectsWorld
from saccadeworld.seqjepa.evaluation import EvaluationConfig
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.generalisation import _mean_nearest_angle, generalisation
from scipy.spatial.transform import Rotation
from tiny import tiny_model, tiny_world

QUICK = {"train_episodes": 300, "test_episodes": 150, "views": (1, 2), "repeats": 1, "hidden": 32, "epochs": 40}


def worlds(meshes, *ranges: str) -> list[ObjectsWorld]:
    return [ObjectsWorld(meshes, size=8, rotations=name) for name in ranges]


@pytest.fixture
def told(monkeypatch):
    """Embeddings that are the rotation's quaternion, and the class."""

    def embed(model, world, *args, **named):
        features = extract_features(model, world, *args, **named)
        classes = torch.nn.functional.one_hot(features.labels, len(world.classes)).float()
        z = torch.cat([features.poses, classes[:, None].expand(-1, features.poses.shape[1], -1)], -1)
        return SimpleNamespace(**vars(features) | {"z": z})

    for file in ("evaluation", "generalisation"):
        monkeypatch.setattr(f"saccadeworld.seqjepa.{file}.extract_features", embed)


@pytest.mark.usefixtures("told")
def test_what_is_right_inside_need_not_be_outside(meshes):
    """Embeddings hold the rotation and the class: a linear map knows classes anywhere, an MLP what it was shown."""
    train, inside, outside = worlds(meshes, "inner", "inner", "outer")
    config = EvaluationConfig(**QUICK | {"epochs": 300})
    scores = generalisation(tiny_model(action_dim=4), train, inside, outside, config)
    scores = {name: values[0] for name, values in scores.items()}
    assert scores["class/z/inside"] == scores["class/z/outside"] == 1.0
    assert scores["rotation/individual/inside"] > 0.97 > scores["rotation/individual/outside"]
    assert scores["rotation/individual/angle/inside"] < 10 < scores["rotation/individual/angle/outside"]
    assert scores["rotation/individual/mean/inside"] == pytest.approx(0, abs=0.02)
    assert scores["rotation/individual/mean/outside"] < -0.5
    assert scores["class/majority/inside"] == scores["class/majority/outside"]


def test_the_mean_is_the_identity_for_the_inner_rotations(meshes):
    """Angles have the density (1 - cos t) / pi: their mean up to pi / 2 and beyond, in closed form."""
    train, inside, outside = worlds(meshes, "inner", "inner", "outer")
    config = EvaluationConfig(**QUICK | {"epochs": 1, "test_episodes": 2000})
    scores = generalisation(tiny_model(action_dim=4), train, inside, outside, config)
    share = (math.pi / 2 - 1) / math.pi
    low = (math.pi**2 / 8 - (math.pi / 2 - 1)) / math.pi  # the integral of t (1 - cos t) / pi up to pi / 2
    whole = (math.pi**2 / 2 + 2) / math.pi
    assert scores["rotation/individual/mean/angle/inside"][0] == pytest.approx(math.degrees(low / share), abs=2)
    assert scores["rotation/individual/mean/angle/outside"][0] == pytest.approx(
        math.degrees((whole - low) / (1 - share)), abs=2
    )


def test_the_distance_to_what_was_fitted_tells_whether_the_outside_is_outside(meshes):
    """3DIEBench's second set has its first set's rotations: here the same range with other draws stands for it."""
    config = EvaluationConfig(**QUICK | {"epochs": 1})
    disjoint = generalisation(tiny_model(action_dim=4), *worlds(meshes, "inner", "inner", "outer"), config)
    same = generalisation(tiny_model(action_dim=4), *worlds(meshes, "inner", "inner", "inner"), config)
    assert same["rotation/nearest/outside"] == same["rotation/nearest/inside"] == disjoint["rotation/nearest/inside"]
    assert disjoint["rotation/nearest/outside"][0] > 2 * disjoint["rotation/nearest/inside"][0]


def test_nearest_angles_are_scipys(monkeypatch):
    random = np.random.default_rng(0)
    p, q = (Rotation.from_quat(random.normal(size=(n, 4))) for n in (40, 25))
    expected = np.mean([min((a.inv() * b).magnitude() for b in q) for a in p])
    monkeypatch.setattr("saccadeworld.seqjepa.generalisation._PRODUCTS_AT_ONCE", 100)
    ours = _mean_nearest_angle(*(torch.from_numpy(x.as_quat()).float() for x in (p, q)))
    assert ours == pytest.approx(math.degrees(expected), abs=1e-3)


def test_what_has_no_rotations_is_refused(meshes):
    train, inside, outside = worlds(meshes, "inner", "inner", "outer")
    with pytest.raises(ValueError, match="the world 'images' has no rotations"):
        generalisation(tiny_model(), *[tiny_world()] * 3, EvaluationConfig(**QUICK))
    with pytest.raises(ValueError, match="pooled=True, action_policy=None have no effect"):
        generalisation(tiny_model(action_dim=4), train, inside, outside, EvaluationConfig(**QUICK | {"pooled": True}))
