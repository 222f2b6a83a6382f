from contextlib import nullcontext
from functools import reduce

import numpy as np
import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.sources.banks import MeshSet, PictureSet
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld, World, picture_world
from saccadeworld.seqjepa.episode_seeds import first_of_repeat
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.path_integration import (
    CONDITIONS,
    LEVELS,
    PathIntegrationConfig,
    displacement,
    integrate,
    path_features,
    path_integration,
)
from scipy.spatial.transform import Rotation
from tiny import tiny_model, tiny_world
from tiny_baselines import tiny_baseline
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

QUICK = {"train_episodes": 80, "test_episodes": 60, "views": (1, 3), "repeats": 2, "hidden": 8, "epochs": 2}
MANY = {"train_episodes": 1500, "test_episodes": 4000, "repeats": 1, "policy": "uniform"}


def told_world(side: int = 100, **options) -> ImagesWorld:
    """Every pixel of the picture tells its row and its column."""
    line = torch.arange(side, dtype=torch.uint8)
    rows, columns = line[:, None].expand(side, side), line.expand(side, side)
    picture = torch.stack([rows, columns, torch.zeros_like(rows)], -1)
    return ImagesWorld(PictureSet(picture[None], torch.zeros(1, dtype=torch.int64), ("told",)), fovea=1, **options)


class Seer(nn.Module):
    """Reads the pixels of `told_world`: the aggregate has the first place and the last."""

    config = tiny_model().config

    def __init__(self):
        super().__init__()
        self.action_embedding = nn.Identity()

    def encode(self, views: Tensor) -> Tensor:
        return views.flatten(-3)[..., :2].float()

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        assert actions.shape == (len(z), z.shape[1] - 1, 2)
        return torch.cat([z[:, 0], z[:, -1]], 1)


class DeadReckoner(nn.Module):
    """Sees nothing, and composes the rotations between the views."""

    config = tiny_model(action_dim=4).config

    def __init__(self):
        super().__init__()
        self.action_embedding = nn.Identity()

    def encode(self, views: Tensor) -> Tensor:
        return torch.zeros(*views.shape[:-3], 1)

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        unturned = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(len(z), 4)
        return reduce(rotations.multiply, self.action_embedding(actions).unbind(1), unturned)


def run(model: nn.Module, world: World, **options) -> dict[str, float]:
    """The means over the repeats."""
    scores = path_integration(model, world, world, PathIntegrationConfig(**options))  # pyright: ignore[reportArgumentType]
    return {name: sum(values) / len(values) for name, values in scores.items()}


# --- what everything scores, in closed form -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seer_scores():
    return run(Seer(), told_world(), views=(1, 2, 4), **MANY)


def test_who_knows_the_pose_integrates_the_path(seer_scores):
    for m in (1, 2, 4):
        assert seer_scores[f"path/full/{m}/r2"] == pytest.approx(1.0, abs=1e-3)
        assert seer_scores[f"path/full/{m}/distance"] == pytest.approx(0.0, abs=0.01)


def test_exact_integration_is_exact(seer_scores):
    for m in (1, 2, 4):
        assert seer_scores[f"path/all-actions/{m}/r2"] == pytest.approx(1.0, abs=1e-3)
        assert seer_scores[f"path/exact/{m}/r2"] == pytest.approx(1.0, abs=1e-6)
        assert seer_scores[f"path/exact/{m}/distance"] == pytest.approx(0.0, abs=1e-6)


def test_without_actions_the_first_fixation_tells_half(seer_scores):
    """The displacement b - a of independent uniform fixations is best guessed as 1/2 - a."""
    for m in (1, 2, 4):
        assert seer_scores[f"path/no-action/{m}/r2"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("who", ["no-vision", "first-action"])
def test_a_single_saccade_of_several_tells_a_quarter(seer_scores, who: str):
    """b - a has the correlation 1/2 with each of c - a and b - d; one saccade is all there is."""
    assert seer_scores[f"path/{who}/1/r2"] == pytest.approx(1.0, abs=1e-3)
    for m in (2, 4):
        assert seer_scores[f"path/{who}/{m}/r2"] == pytest.approx(0.25, abs=0.03)


def test_the_mean_displacement_tells_nothing(seer_scores):
    """Two points of a unit square are 0.5214 apart on average from each other, as from 0 their difference is."""
    for m in (1, 2, 4):
        assert seer_scores[f"path/mean/{m}/r2"] == pytest.approx(0.0, abs=0.01)
        assert seer_scores[f"path/mean/{m}/distance"] == pytest.approx(0.5214, abs=0.01)


def test_every_score_has_its_name(seer_scores):
    whos = (*CONDITIONS, *LEVELS)
    assert seer_scores.keys() == {f"path/{w}/{m}/{s}" for w in whos for m in (1, 2, 4) for s in ("r2", "distance")}


def test_under_motor_noise_vision_corrects_what_commands_get_wrong():
    """The errors of M noisy saccades add up in commands; who sees the last place has the last error alone."""
    world = told_world(side=250, motor_noise=0.05)
    scores = run(Seer(), world, views=(1, 4), **MANY)
    error = {who: 1 - scores[f"path/{who}/4/r2"] for who in ("full", "exact", "views-and-actions")}
    assert 3.0 < error["exact"] / error["full"] < 5.0
    assert error["full"] < 1 - scores["path/all-actions/4/r2"] < error["exact"], (
        "who aims at places makes up for misses"
    )
    assert error["views-and-actions"] == pytest.approx(error["full"], rel=0.15)  # the seer's aggregate loses nothing
    once = 1 - scores["path/exact/1/r2"]
    assert once == pytest.approx(0.05**2 * 2, rel=0.2)  # E[length^2] = 2 E[row^2], and E[row^2] is what R2 divides by
    assert error["exact"] == pytest.approx(4 * once, rel=0.2)


@pytest.fixture(scope="module")
def reckoner_scores(meshes: MeshSet):
    world = ObjectsWorld(meshes, size=8, samples=1, rotations="so3")
    options = {"train_episodes": 1000, "test_episodes": 500, "repeats": 1, "policy": "nearby"}
    return run(DeadReckoner(), world, views=(1, 3), hidden=64, epochs=60, pooled=True, **options)


def test_who_knows_the_rotation_integrates_the_path(reckoner_scores):
    for who in ("full", "no-vision"):
        for m, angle in ((1, 2.0), (3, 8.0)):
            assert reckoner_scores[f"path/{who}/{m}/r2"] > 0.95
            assert 0 < reckoner_scores[f"path/{who}/{m}/angle/median"] < angle
    for m in (1, 3):
        assert reckoner_scores[f"path/exact/{m}/r2"] == pytest.approx(1.0, abs=1e-6)
        assert reckoner_scores[f"path/exact/{m}/angle"] == pytest.approx(0.0, abs=1e-3)


def test_who_knows_nothing_scores_as_the_mean_rotation(reckoner_scores):
    for m in (1, 3):
        for score in ("r2", "angle"):
            mean = reckoner_scores[f"path/mean/{m}/{score}"]
            assert reckoner_scores[f"path/no-action/{m}/{score}"] == pytest.approx(mean, abs=0.5)
        assert reckoner_scores[f"path/mean/{m}/r2"] == pytest.approx(0.0, abs=0.01)
        assert "path/mean/1/r2/pooled" in reckoner_scores
    first = reckoner_scores["path/first-action/3/r2"]
    assert 0.1 < first < 0.9, "the first of three steps of one size, about independent axes"
    assert reckoner_scores["path/first-action/1/r2"] > 0.95


# --- exact integration, and the errors of rotations, by SciPy -------------------------------------------------------


@pytest.mark.parametrize("latents", ["rotation", "rotcolor"])
@pytest.mark.parametrize("policy", ["uniform", "nearby"])
def test_rotations_are_composed_in_the_frame_of_the_body(meshes: MeshSet, policy: str, latents: str):
    world = ObjectsWorld(meshes, size=8, samples=1, rotations="so3", latents=latents)
    journey = world.rollout(50, 6, policy)
    quaternions = journey.actions[..., :4].double().numpy()
    expected = reduce(lambda a, b: a * b, [Rotation.from_quat(q) for q in quaternions.swapaxes(0, 1)])
    found = Rotation.from_quat(integrate(world, journey.actions).double().numpy())
    assert (expected.inv() * found).magnitude().max() < 1e-5
    first, last = (Rotation.from_quat(journey.poses[:, i, :4].double().numpy()) for i in (0, -1))
    canonical = (first.inv() * last).as_quat(canonical=True)
    np.testing.assert_allclose(displacement(world, journey.poses), canonical, atol=1e-5)


def test_saccades_are_added():
    world = tiny_world(motor_noise=0.3)
    journey = world.rollout(50, 5, "uniform")
    np.testing.assert_allclose(integrate(world, journey.actions), journey.actions.numpy().sum(1), atol=1e-6)
    np.testing.assert_allclose(displacement(world, journey.poses), journey.poses[:, -1] - journey.poses[:, 0])


def test_commands_of_objects_with_motor_noise_are_scored_against_where_they_ended(meshes: MeshSet):
    """Exact integration and the mean, in degrees, by SciPy and NumPy."""
    world = ObjectsWorld(meshes, size=8, samples=1, motor_noise=0.3)
    scores = run(tiny_model(action_dim=4), world, **QUICK | {"repeats": 1})
    probing, testing = (
        extract_features(tiny_model(action_dim=4), world, count, (4,), seed=first_of_repeat(use, 0, 0))
        for count, use in ((80, "probing"), (60, "testing"))
    )
    for m in (1, 3):
        true, known = (
            Rotation.from_quat(f.poses[:, 0].double().numpy()).inv()
            * Rotation.from_quat(f.poses[:, m].double().numpy())
            for f in (testing, probing)
        )
        told = reduce(lambda a, b: a * b, [Rotation.from_quat(testing.actions[:, i].double()) for i in range(m)])
        mean = Rotation.from_quat(known.as_quat(canonical=True).mean(0))
        for who, guess in (("exact", told), ("mean", mean)):
            angles = np.degrees((guess.inv() * true).magnitude())
            assert scores[f"path/{who}/{m}/angle"] == pytest.approx(angles.mean(), abs=1e-3)
            assert scores[f"path/{who}/{m}/angle/median"] == pytest.approx(np.median(angles), abs=1e-3)
    assert 1 < scores["path/exact/1/angle"] < scores["path/exact/3/angle"]


# --- what is zeroed -------------------------------------------------------------------------------------------------


def random_journeys(count: int, views: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    width = tiny_model().config.embedding_dim
    return torch.randn(count, views, width, generator=generator), torch.randn(count, views, 2, generator=generator)


@pytest.mark.parametrize("views", [1, 4])
def test_features_are_tokens_with_zeros_in_place_of_what_is_ablated(views: int):
    model = tiny_model().eval()
    z, actions = random_journeys(6, views)
    with torch.no_grad():
        scale = (model.action_embedding.norm.running_var + model.action_embedding.norm.eps).sqrt()
        e = (actions @ model.action_embedding.projection.weight.T - model.action_embedding.norm.running_mean) / scale
        kept = {"full": (1, 1), "no-action": (1, 0), "no-vision": (0, 1)}
        for condition, (seen, told) in kept.items():
            left = torch.cat([told * e[:, :-1], torch.zeros_like(e[:, :1])], 1)
            expected = torch.cat([model.aggregator(torch.cat([seen * z, left], 2)), told * e[:, -1]], 1)
            torch.testing.assert_close(path_features(model, z, actions, condition), expected, atol=1e-5, rtol=1e-5)


def test_what_is_ablated_does_not_count_and_the_rest_does():
    model = tiny_model()
    z, actions = random_journeys(6, 3)
    other_z, other_actions = random_journeys(6, 3, seed=1)
    for condition, sees, hears in (("full", True, True), ("no-action", True, False), ("no-vision", False, True)):
        features = path_features(model, z, actions, condition)
        assert torch.equal(path_features(model, other_z, actions, condition), features) != sees
        assert torch.equal(path_features(model, z, other_actions, condition), features) != hears


def test_the_model_is_left_as_it_was():
    model = tiny_model().train()
    z, actions = random_journeys(6, 3)
    before = path_features(model, z, actions)
    path_features(model, z, actions, "no-action")
    with pytest.raises(ValueError, match="actions"):
        path_features(model, z, actions[..., :1], "no-action")
    assert torch.equal(path_features(model, z, actions), before)
    assert model.training
    assert not before.requires_grad


def test_many_journeys_are_embedded_as_few_are():
    model = tiny_model()
    z, actions = random_journeys(1100, 2)
    some = slice(1020, 1030)
    features = path_features(model, z, actions)
    torch.testing.assert_close(features[some], path_features(model, z[some], actions[some]), atol=1e-5, rtol=1e-5)
    assert (path_features(model, z, actions, bf16=True) - features).abs().max() < 0.1


def test_features_and_displacements_stay_on_the_device_of_the_world(pictures: PictureSet, monkeypatch):
    """One that is not here: see tests/envs/test_fake_device.py."""
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    monkeypatch.setattr(torch, "autocast", lambda *args, **named: nullcontext())  # it does not know the device
    with FakeTensorMode(allow_non_fake_inputs=True):
        world = ImagesWorld(pictures, fovea=12, device="meta", motor_noise=0.1)
        journey = world.rollout(6, 3, "uniform")
        z = Seer().encode(journey.views[:, :2])
        made = [path_features(Seer(), z, journey.actions, condition) for condition in CONDITIONS]  # pyright: ignore[reportArgumentType]
        for tensor in (*made, displacement(world, journey.poses), integrate(world, journey.actions)):
            assert tensor.device.type == "meta"


# --- the evaluation as a whole --------------------------------------------------------------------------------------


def test_scores_depend_on_the_seed_alone_and_repeats_differ():
    worlds = tiny_world(), tiny_world(seed=1)
    first, again, other = (
        path_integration(tiny_model(), *worlds, PathIntegrationConfig(**QUICK, seed=seed)) for seed in (0, 0, 1)
    )
    assert first == again
    one, two = first["path/full/3/r2"]
    assert one != two
    assert not {one, two} & set(other["path/full/3/r2"])


def test_every_number_of_views_is_reported():
    calls = []
    path_integration(tiny_model(), tiny_world(), tiny_world(), PathIntegrationConfig(**QUICK), lambda: calls.append(1))
    assert len(calls) == 2 * 2


def test_a_length_scores_the_same_whatever_others_there_are():
    few, more = (run(tiny_model(), tiny_world(), **QUICK | {"views": views}) for views in ((2,), (1, 2)))
    assert few == pytest.approx({name: more[name] for name in few}, abs=1e-4)


@pytest.mark.parametrize("make", [lambda: tiny_model(conditioning="none"), lambda: tiny_baseline("byol")])
def test_models_that_are_not_told_actions_are_refused(make):
    with pytest.raises(ValueError, match="this model is not told actions"):
        run(make(), tiny_world(), **QUICK)


def test_worlds_without_journeys_and_of_other_actions_are_refused(pictures: PictureSet):
    with pytest.raises(ValueError, match="the world 'augmentations' has no journeys"):
        run(tiny_model(action_dim=9), AugmentationsWorld(pictures), **QUICK)
    with pytest.raises(ValueError, match="actions of 4 numbers, the world 'images' has 2"):
        run(tiny_model(action_dim=4), tiny_world(), **QUICK)


@pytest.mark.parametrize(
    "options",
    [
        {"train_episodes": 1},
        {"test_episodes": 0},
        {"views": ()},
        {"views": (0, 1)},
        {"views": (1, 1)},
        {"repeats": 0},
        {"hidden": 0},
        {"epochs": 0},
        {"decay": -0.1},
        {"seed": -1},
    ],
    ids=str,
)
def test_impossible_configurations_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        PathIntegrationConfig(**options)
