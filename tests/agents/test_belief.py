"""The belief in classes: held against a classifier fitted by hand, and evidence against differences of its own."""

from collections.abc import Callable

import gymnasium as gym
import pytest
import torch
from saccadeworld.agents.belief import ClassBelief, Evidence
from saccadeworld.agents.encoded_env import EncodedVectorEnv
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.features import extract_features
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def belief(images_world: ImagesWorld, images_model: SeqJEPA) -> ClassBelief:
    return ClassBelief.fit(images_model, images_world, 3, policy="uniform", episodes=120)


def test_it_is_logistic_regression_for_each_number_of_views(
    images_world: ImagesWorld, images_model: SeqJEPA, belief: ClassBelief
):
    features = extract_features(images_model, images_world, 120, (1, 2, 3), "uniform", 0)
    others = extract_features(images_model, images_world, 40, (1, 2, 3), "uniform", 1000)
    for views in (1, 2, 3):
        x, new = features.aggregates[views], others.aggregates[views]
        mean, std = x.mean(0), x.std(0)
        theirs = LogisticRegression(C=1 / (1e-3 * len(x)), max_iter=5000, tol=1e-8)
        theirs.fit(((x - mean) / std).double(), features.labels)
        expected = torch.from_numpy(theirs.predict_log_proba(((new - mean) / std).double())).float()
        found = belief(new, torch.full((40,), views))
        torch.testing.assert_close(found.exp(), expected.exp(), rtol=0, atol=0.02)


def test_rows_may_have_seen_differently_much(images_world: ImagesWorld, images_model: SeqJEPA, belief: ClassBelief):
    aggregates = extract_features(images_model, images_world, 4, (2,), "uniform", 7).aggregates[2]
    counts = torch.tensor([1, 3, 2, 9])
    together = belief(aggregates, counts)
    for row, count in enumerate([1, 3, 2, 3]):
        alone = belief(aggregates[row : row + 1], torch.tensor([count]))
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
        labels = images_world.labels[env.base.rows.scenes]
        seen = env.seen
        return -belief(seen.aggregates, seen.memory.counts)[torch.arange(8), labels]

    env.reset(seed=0)
    env.action_space.seed(0)
    before = surprise()
    first = env.step(env.action_space.sample())[1]
    torch.testing.assert_close(first, before - surprise(), rtol=1e-4, atol=1e-5)
    begun = env.base.rows.scenes
    _, second, _, truncations, info = env.step(env.action_space.sample())
    assert truncations.all()
    final = belief(info["final_obs"]["aggregate"], torch.full((8,), 3))[torch.arange(8), images_world.labels[begun]]
    torch.testing.assert_close(first + second, before + final, rtol=1e-4, atol=1e-5)


def test_classes_are_needed(pictures: PictureSet, model_for: Callable[..., SeqJEPA]):
    unlabelled = ImagesWorld(PictureSet(pictures.pictures, torch.full_like(pictures.labels, -1), ()), fovea=12)
    with pytest.raises(ValueError, match="no classes to believe in"):
        ClassBelief.fit(model_for(unlabelled), unlabelled, 2)
