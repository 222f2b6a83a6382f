import math

import pytest
import torch
from saccadeworld.envs.worlds import AugmentationsWorld, ObjectsWorld
from saccadeworld.seqjepa.disturbances import Disturbance, add_noise
from saccadeworld.seqjepa.evaluation import EvaluationConfig, evaluate
from saccadeworld.seqjepa.features import extract_features, spread_scenes
from scipy.spatial.transform import Rotation
from tiny import tiny_model, tiny_world


def told(world, order="seen", noise=0.0, count=200, views=4):
    """What the aggregator is told, with embeddings that are numbers of views, beside what was the case."""
    batch = world.rollout(count, views, "uniform", seed=3)
    numbers = torch.arange(views).float().expand(count, views)[..., None]
    seeds = torch.arange(count) + 3
    z, actions = Disturbance(order, noise)(world, numbers, batch.poses, batch.actions, seeds)
    return z[..., 0].long(), actions, batch


def test_by_default_nothing_changes():
    z, actions, batch = told(tiny_world())
    assert torch.equal(z, torch.arange(4).expand(200, 4))
    assert torch.equal(actions, batch.actions)


def test_every_order_is_as_frequent():
    z, _, _ = told(tiny_world(), "mismatched", count=12_000)
    orders, counts = z.unique(dim=0, return_counts=True)
    assert len(orders) == 24
    assert (counts - 500).abs().max() < 5 * math.sqrt(500)


def test_shuffled_views_have_the_actions_between_them(meshes):
    """Composed by SciPy from the rotations of the views in their new order."""
    z, actions, batch = told(ObjectsWorld(meshes, size=4), "shuffled", count=20)
    for row, order in enumerate(z.tolist()):
        poses = Rotation.from_quat(batch.poses[row, order].double().numpy())
        expected = (poses[:-1].inv() * poses[1:]).as_quat(canonical=True)
        torch.testing.assert_close(actions[row].double(), torch.from_numpy(expected), rtol=0, atol=1e-5)


def test_mismatched_actions_stay_where_they_were():
    z, actions, batch = told(tiny_world(), "mismatched")
    assert torch.equal(actions, batch.actions)
    assert (z != torch.arange(4)).any(1).float().mean() == pytest.approx(23 / 24, abs=0.07)


def test_noise_on_saccades_is_normal_and_independent():
    _, actions, batch = told(tiny_world(), noise=0.2, count=8000)
    noise = (actions - batch.actions).flatten(1)
    assert noise.mean().abs() < 0.01
    torch.testing.assert_close(torch.cov(noise.T), 0.04 * torch.eye(6), rtol=0, atol=0.003)
    assert noise.abs().gt(0.4).float().mean() == pytest.approx(0.0455, abs=0.004)  # beyond two deviations


def test_noise_on_rotations_turns_by_its_angle_about_any_axis(meshes):
    world = ObjectsWorld(meshes, size=4, latents="rotcolor")
    _, actions, batch = told(world, noise=0.3, count=4000)
    before, after = (Rotation.from_quat(a[..., :4].flatten(0, 1).double().numpy()) for a in (batch.actions, actions))
    turns = torch.from_numpy((before.inv() * after).as_rotvec())
    assert turns.norm(dim=1).square().mean().sqrt() == pytest.approx(0.3, abs=0.01)
    torch.testing.assert_close(turns.mean(0), torch.zeros(3, dtype=torch.float64), rtol=0, atol=0.01)
    torch.testing.assert_close(torch.cov(turns.T), 0.03 * torch.eye(3).double(), rtol=0, atol=0.002)
    assert (actions[..., 3] >= 0).all()
    assert (actions - batch.actions)[..., 4:].std() == pytest.approx(0.3, abs=0.01)


def test_a_row_does_not_depend_on_the_others():
    world, actions = tiny_world(), torch.zeros(6, 2)
    seeds = torch.arange(6)
    whole = add_noise(world, actions, 0.1, seeds, 1)
    assert torch.equal(add_noise(world, actions[2:3], 0.1, seeds[2:3], 1)[0], whole[2])
    assert not torch.equal(add_noise(world, actions, 0.1, seeds, 2), whole)


def test_features_hold_the_disturbed_aggregate_and_the_true_actions():
    world, model = tiny_world(), tiny_model().eval()
    plain, disturbed = (
        extract_features(model, world, 12, (1, 3), "uniform", 50, disturbance=d)
        for d in (Disturbance(), Disturbance("shuffled", 0.1))
    )
    assert torch.equal(plain.z, disturbed.z)
    assert torch.equal(plain.actions, disturbed.actions)
    assert torch.equal(plain.aggregates[1], disturbed.aggregates[1])
    batch = world.rollout(None, 3, "uniform", 50, spread_scenes(world, 12))
    with torch.no_grad():
        given = Disturbance("shuffled", 0.1)(world, plain.z[:, :3], batch.poses, batch.actions, torch.arange(12) + 50)
        torch.testing.assert_close(disturbed.aggregates[3], model.aggregate(*given))


def test_probes_are_fitted_on_undisturbed_episodes(monkeypatch):
    """Of two splits the second alone is disturbed; one view has no order and no action between."""
    seen = []
    monkeypatch.setattr(
        "saccadeworld.seqjepa.evaluation.extract_features",
        lambda *args, **named: seen.append(args[7:]) or extract_features(*args, **named),
    )
    options = {"train_episodes": 60, "test_episodes": 40, "views": (1, 3), "repeats": 1, "policy": "uniform"}
    worlds, disturbance = (tiny_world(), tiny_world(seed=1)), Disturbance("mismatched", 1.0)
    plain = evaluate(tiny_model(), *worlds, EvaluationConfig(**options))
    seen.clear()
    disturbed = evaluate(tiny_model(), *worlds, EvaluationConfig(**options, disturbance=disturbance))
    assert seen == [(), (disturbance,)]
    assert plain["class/aggregate/1"] == disturbed["class/aggregate/1"]
    assert plain["action/relative"] == disturbed["action/relative"]


def test_impossible_disturbances_are_refused(pictures):
    with pytest.raises(ValueError, match="order='backwards' is not known"):
        Disturbance("backwards")  # pyright: ignore[reportArgumentType]
    for noise in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="action_noise"):
            Disturbance(action_noise=noise)
    world = AugmentationsWorld(pictures, official=True)
    batch = world.rollout(2, 3)
    with pytest.raises(ValueError, match='use order="mismatched"'):
        Disturbance("shuffled")(world, torch.zeros(2, 3, 5), batch.poses, batch.actions, torch.arange(2))
