"""Accuracy by glimpses: held against probes fitted by hand."""

import pytest
import torch
from saccadeworld.agents import glimpses
from saccadeworld.agents.belief import DECAYS
from saccadeworld.agents.glimpses import FromStart, GlimpsesConfig, accuracy_by_glimpses, best_decay
from saccadeworld.envs.worlds import ImagesWorld, World, make_world
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.episode_seeds import first_of_repeat
from saccadeworld.seqjepa.features import spread_scenes
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.usefixtures("one_thread")


def test_episodes_begin_where_those_of_tasks_do(world: World):
    policy = FromStart(world.policy("uniform"))
    rollout, usual = world.rollout(4, 3, policy), world.rollout(4, 3, "uniform")
    seeds = torch.arange(4)
    start = world.settle(world.first_poses(seeds, rollout.scenes), rollout.scenes, seeds, 0)
    assert torch.equal(rollout.poses[:, 0], start)
    assert rollout.poses.shape == usual.poses.shape


def test_each_number_of_views_has_a_classifier_of_its_own(images_model: SeqJEPA, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(glimpses, "DECAYS", (1e-3,))
    train, test = (make_world("images", split=split, count=32, size=32, fovea=12) for split in ("train", "test"))
    config = GlimpsesConfig(views=3, train_episodes=200, test_episodes=100, seed=1)
    found = accuracy_by_glimpses(images_model, train, test, lambda world: FromStart(world.policy("grid")), config)

    def features(world: ImagesWorld, count: int, name: str, purpose, repeat: int = 0) -> tuple[torch.Tensor, ...]:
        scenes = spread_scenes(world, count)
        policy = FromStart(world.policy(name))
        batch = world.rollout(None, 3, policy, first_of_repeat(purpose, 1, repeat), scenes)
        with torch.no_grad():
            z = images_model.encode(batch.views)
            aggregates = [images_model.aggregate(z[:, :m], batch.actions[:, : m - 1]) for m in (1, 2, 3)]
        return torch.stack(aggregates), batch.labels

    pairs = zip(features(train, 200, "grid", "probing"), features(train, 200, "uniform", "probing", 1), strict=True)
    x, labels = (torch.cat(pair, dim=dim) for pair, dim in zip(pairs, (1, 0), strict=True))
    new, truth = features(test, 100, "grid", "testing")
    for views in range(3):
        mean, std = x[views].mean(0), x[views].std(0)
        theirs = LogisticRegression(C=1 / (1e-3 * 400), max_iter=5000)
        theirs.fit(((x[views] - mean) / std).double(), labels)
        expected = theirs.score(((new[views] - mean) / std).double(), truth)
        assert found[views] == pytest.approx(expected, abs=0.021)


def test_much_decay_is_chosen_where_scenes_are_learned_by_heart():
    """Each of 60 scenes is seen ten times; its class shows in one number, and 100 others tell which scene it is."""
    generator = torch.Generator().manual_seed(0)
    scenes = torch.arange(60).repeat(10)
    labels = scenes % 2
    named = torch.randn(60, 100, generator=generator)[scenes]
    told = (2.0 * labels - 1)[:, None] + 1.5 * torch.randn(60, 1, generator=generator)[scenes]
    assert best_decay(torch.cat([told, named], dim=1), labels, scenes, 2) == max(DECAYS)
    with pytest.raises(ValueError, match="1 scenes are too few"):
        best_decay(named, labels, torch.zeros_like(scenes), 2)


def test_a_bad_configuration():
    with pytest.raises(ValueError, match="views=1 is out of range"):
        GlimpsesConfig(views=1)
