import math
from types import SimpleNamespace

import pytest
import torch
from saccadeworld.envs.augmentations.parameters import NAMES, draw_parameters
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld
from saccadeworld.seqjepa.evaluation import EvaluationConfig
from saccadeworld.seqjepa.factors import factor_scores, factors_of
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.metrics import mean_angle
from scipy.spatial.transform import Rotation
from tiny import tiny_model, tiny_world

QUICK = {"train_episodes": 400, "test_episodes": 200, "repeats": 1, "hidden": 48, "epochs": 25, "policy": "uniform"}


def names(world) -> dict[str, tuple[int, ...]]:
    return {factor.name: factor.columns for factor in factors_of(world)}


def test_factors_are_where_poses_hold_them(meshes, pictures):
    assert names(ImagesWorld(pictures, fovea=8)) == {"position": (0, 1)}
    assert names(ObjectsWorld(meshes, size=4)) == {"rotation": (0, 1, 2, 3)}
    seen = names(ObjectsWorld(meshes, size=4, stage="view"))
    assert seen == {"rotation": (0, 1, 2, 3), "floor-hue": (4,), "light-polar": (5,), "light-azimuth": (6,)} | {
        "light-hue": (7,)
    }
    colours = names(ObjectsWorld(meshes, size=4, stage="view", latents="rotcolor"))
    assert (colours["floor-hue"], colours["light-hue"], colours["light-polar"]) == ((4,), (5,), (6,))


@pytest.mark.parametrize(
    ("latents", "blur"),
    [
        ("all", True),
        ("crop", True),
        ("jitter", True),
        ("blur", True),
        ("all", False),
        ("crop", False),
        ("jitter", False),
    ],
)
def test_factors_of_augmentations_are_those_that_are_drawn(pictures, latents, blur):
    """Numbers of the poses of a rollout against those drawn for its seeds, by their names."""
    world = AugmentationsWorld(pictures, latents=latents, blur=blur)
    poses = world.rollout(50, 2, seed=7).poses[:, 1]
    drawn = dict(zip(NAMES, draw_parameters(torch.arange(50) + 7, 1, world.side, False).unbind(1), strict=True))
    parts = {"crop": NAMES[:4], "jitter": NAMES[4:8], "blur": NAMES[8:]}
    assert names(world).keys() == set(parts) - (set() if blur else {"blur"})
    for name, columns in names(world).items():
        expected = torch.stack([drawn[part] for part in parts[name]], dim=1)
        torch.testing.assert_close(poses[:, columns], expected)


@pytest.fixture
def told(monkeypatch):
    """Embeddings that are the poses themselves, with circular numbers as points of circles too."""

    def embed(model, world, *args, **named):
        features = extract_features(model, world, *args, **named)
        turns = 2 * math.pi * features.poses[..., 4:]
        z = torch.cat([features.poses, turns.cos(), turns.sin()], -1)
        return SimpleNamespace(**{**vars(features), "z": z})

    monkeypatch.setattr("saccadeworld.seqjepa.evaluation.extract_features", embed)


@pytest.mark.usefixtures("told")
def test_embeddings_that_hold_the_poses_tell_everything(meshes):
    """Of factors that actions do not change, too."""
    world = ObjectsWorld(meshes, size=4, stage="view", rotations="so3")
    scores = factor_scores(tiny_model(action_dim=4), world, world, EvaluationConfig(**QUICK | {"epochs": 80}))
    for factor in ("floor-hue", "light-polar", "light-azimuth", "light-hue"):
        assert scores[f"factor/individual/{factor}"][0] == pytest.approx(1, abs=1e-3)
        assert scores[f"factor/relative/{factor}"][0] == pytest.approx(1, abs=1e-3)
        assert scores[f"factor/first_pose/{factor}"][0] == pytest.approx(0.5, abs=0.1)
    assert scores["factor/individual/floor-hue/circle"][0] == pytest.approx(1, abs=1e-3)
    assert scores["factor/individual/rotation"][0] > 0.97
    assert scores["factor/individual/rotation/angle"][0] < 12  # by chance 126
    assert "factor/individual/light-polar/circle" not in scores


def test_embeddings_that_tell_nothing_score_nothing(meshes, monkeypatch):
    class Blind:
        config = SimpleNamespace(action_dim=4, method="blind", told_actions=True)
        training = False

        def encode(self, views):
            return torch.ones(*views.shape[:2], 3)

        def eval(self): ...

        def train(self, mode): ...

    world = ObjectsWorld(meshes, size=4, stage="view")
    scores = factor_scores(Blind(), world, world, EvaluationConfig(**QUICK))
    for name, (value,) in scores.items():
        if "first_pose" not in name and "angle" not in name:
            assert value == pytest.approx(0, abs=0.05)


def test_models_are_asked_for_what_they_were_not_told(pictures):
    world = AugmentationsWorld(pictures, latents="crop")
    scores = factor_scores(tiny_model(action_dim=4), world, world, EvaluationConfig(**QUICK | {"epochs": 1}))
    assert {name.split("/")[2] for name in scores} == {"crop", "jitter", "blur"}
    with pytest.raises(ValueError, match="actions of 2 numbers"):
        factor_scores(tiny_model(), world, world, EvaluationConfig(**QUICK))


def test_repeats_are_fresh_and_reported():
    calls = []
    config = EvaluationConfig(**QUICK | {"repeats": 2})
    scores = factor_scores(tiny_model(), tiny_world(), tiny_world(seed=1), config, lambda: calls.append(None))
    assert len(calls) == 2
    assert scores["factor/relative/position"][0] != scores["factor/relative/position"][1]


def test_angles_are_scipys_whatever_the_length_and_the_sign():
    random = torch.Generator().manual_seed(0)
    p, q = torch.randn(2, 50, 4, generator=random)
    expected = (Rotation.from_quat(p.numpy()).inv() * Rotation.from_quat(q.numpy())).magnitude()
    unit = q / q.norm(dim=1, keepdim=True)
    for scale in (1, -3):
        assert mean_angle(scale * p, unit) == pytest.approx(math.degrees(expected.mean()), abs=1e-4)
