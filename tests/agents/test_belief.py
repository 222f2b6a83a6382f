"""The belief in classes: held against a classifier fitted by hand, and evidence against differences of its own."""

import math
from collections.abc import Callable

import gymnasium as gym
import pytest
import torch
from saccadeworld.agents.belief import DECAYS, FOLDS, ClassBelief, Evidence, part_of
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.features import Features, extract_features
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def belief(images_world: ImagesWorld, images_model: SeqJEPA) -> ClassBelief:
    return ClassBelief.fit(images_model, images_world, 3, policy="uniform", episodes=120)


def test_scenes_are_judged_by_logistic_regression_on_the_others():
    """Labels drawn by lot can be learned by heart, but nothing can be told of others: at best one in two."""
    generator = torch.Generator().manual_seed(0)
    x, labels = torch.randn(200, 30, generator=generator), torch.randint(0, 2, (200,), generator=generator)
    features = Features(x[:, None], {1: x, 2: 2 * x}, torch.zeros(200, 1, 2), torch.zeros(200, 0, 2), labels)
    scenes = torch.arange(100).repeat(2)
    belief = ClassBelief.of(features, scenes, 2)
    told = belief.told(features, scenes)
    assert told.mean() < -math.log(2)
    torch.testing.assert_close(told[:, 0], told[:, 1], rtol=1e-2, atol=1e-2)  # a classifier does not mind the scale
    assert told.mean() > -1, "with the least of the decays it is about -1.7"
    parts = part_of(scenes)
    assert set(parts.tolist()) == set(range(FOLDS))
    for part in range(FOLDS):
        own, other = parts == part, parts != part
        mean, std = x[other].mean(0), x[other].std(0)
        decay = (
            max(DECAYS) / 2
        )  # theirs has one vector w for two classes, ours w/2 and -w/2, whose squares are half as much
        theirs = LogisticRegression(C=1 / (decay * int(other.sum())), max_iter=5000, tol=1e-8)
        theirs.fit(((x[other] - mean) / std).double(), labels[other])
        expected = theirs.predict_log_proba(((x[own] - mean) / std).double())[range(int(own.sum())), labels[own]]
        torch.testing.assert_close(told[own, 0], torch.from_numpy(expected).float(), rtol=0.05, atol=0.05)


def test_little_decay_is_chosen_where_there_is_much_to_learn():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2000, 5, generator=generator)
    labels = (x @ torch.randn(5, generator=generator) > 0).long()
    features = Features(x[:, None], {1: x}, torch.zeros(2000, 1, 2), torch.zeros(2000, 0, 2), labels)
    scenes = torch.arange(2000)
    told = ClassBelief.of(features, scenes, 2).told(features, scenes).mean()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("saccadeworld.agents.belief.DECAYS", (min(DECAYS),))
        assert told == ClassBelief.of(features, scenes, 2).told(features, scenes).mean()
        patch.setattr("saccadeworld.agents.belief.DECAYS", (max(DECAYS),))
        assert told > ClassBelief.of(features, scenes, 2).told(features, scenes).mean() + 0.05


def test_rows_may_have_seen_differently_much(images_world: ImagesWorld, images_model: SeqJEPA, belief: ClassBelief):
    aggregates = extract_features(images_model, images_world, 4, (2,), "uniform", 7).aggregates[2]
    counts, scenes = torch.tensor([1, 3, 2, 9]), torch.tensor([0, 3, 3, 1])
    together = belief(aggregates, counts, scenes)
    for row, count in enumerate([1, 3, 2, 3]):
        alone = belief(aggregates[row : row + 1], torch.tensor([count]), scenes[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone)
    torch.testing.assert_close(together.exp().sum(1), torch.ones(4))


def test_evidence_sums_to_what_all_but_the_first_view_have_told(
    images_world: ImagesWorld, images_model: SeqJEPA, belief: ClassBelief
):
    options = {"output": "torch", "autoreset_mode": "SameStep", "max_episode_steps": 2}
    env = EncodedVectorEnv(
        gym.make_vec("SaccadeWorld-v0", 8, world=images_world, **options),
        images_model,
        bonus=Evidence(belief, images_world),
        output="torch",
    )

    def surprise() -> torch.Tensor:
        scenes, seen = env.base.rows.scenes, env.seen
        told = belief(seen.aggregates, seen.memory.counts, scenes)
        return -told[torch.arange(8), images_world.labels[scenes]]

    env.reset(seed=0)
    env.action_space.seed(0)
    before = surprise()
    first = env.step(env.action_space.sample())[1]
    torch.testing.assert_close(first, before - surprise(), rtol=1e-4, atol=1e-5)
    begun = env.base.rows.scenes
    _, second, _, truncations, info = env.step(env.action_space.sample())
    assert truncations.all()
    final = belief(info["final_obs"]["aggregate"], torch.full((8,), 3), begun)
    truth = final[torch.arange(8), images_world.labels[begun]]
    torch.testing.assert_close(first + second, before + truth, rtol=1e-4, atol=1e-5)


def test_classes_are_needed(pictures: PictureSet, model_for: Callable[..., SeqJEPA]):
    unlabelled = ImagesWorld(PictureSet(pictures.pictures, torch.full_like(pictures.labels, -1), ()), fovea=12)
    with pytest.raises(ValueError, match="no classes to believe in"):
        ClassBelief.fit(model_for(unlabelled), unlabelled, 2)


def test_scenes_to_judge_by_are_needed():
    x = torch.randn(4, 3)
    features = Features(
        x[:, None], {1: x}, torch.zeros(4, 1, 2), torch.zeros(4, 0, 2), torch.zeros(4, dtype=torch.int64)
    )
    with pytest.raises(ValueError, match="1 scenes are too few to judge some by others"):
        ClassBelief.of(features, torch.zeros(4, dtype=torch.int64), 2)
