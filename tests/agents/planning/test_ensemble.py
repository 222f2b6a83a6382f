"""An ensemble of predictors: it learns what can be predicted, and agrees where it was taught."""

import pytest
import torch
from saccadeworld.agents.memory import Memory
from saccadeworld.agents.planning.ensemble import Agreement, EnsembleConfig, PredictorEnsemble
from saccadeworld.agents.planning.imagination import imagine
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")
CONFIG = EnsembleConfig(members=3, steps=60, batch_size=32, views=3, policy="uniform")


@pytest.fixture(scope="module")
def ensemble(images_world: ImagesWorld, images_model: SeqJEPA) -> PredictorEnsemble:
    return PredictorEnsemble.fit(images_model, images_world, CONFIG)


def errors(ensemble: PredictorEnsemble, model: SeqJEPA, world: ImagesWorld) -> torch.Tensor:
    """1 - cosine of every member, on other episodes."""
    batch = world.rollout(200, 3, "uniform", seed=10**6)
    with torch.no_grad():
        z = model.encode(batch.views)
        expected = ensemble(model.aggregate(z[:, :2], batch.actions[:, :1]), batch.actions[:, 1])
    return 1 - torch.nn.functional.cosine_similarity(expected, z[None, :, 2], dim=-1).mean(1)


def test_every_member_learns_by_itself(images_world: ImagesWorld, images_model: SeqJEPA, ensemble: PredictorEnsemble):
    torch.manual_seed(0)
    fresh = PredictorEnsemble(images_model, 3).eval()
    before, after = errors(fresh, images_model, images_world), errors(ensemble, images_model, images_world)
    assert (after < 0.5 * before).all()
    assert len(set(after.tolist())) == 3
    assert not ensemble.training


def test_it_is_repeatable_and_the_model_stays_as_it_is(images_world: ImagesWorld, images_model: SeqJEPA):
    before = {name: value.clone() for name, value in images_model.state_dict().items()}
    short = EnsembleConfig(members=2, steps=2, batch_size=8, views=3)
    first, again = (PredictorEnsemble.fit(images_model, images_world, short) for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert all(torch.equal(value, images_model.state_dict()[name]) for name, value in before.items())
    assert all(parameter.grad is None for parameter in images_model.parameters())
    assert not any(name.startswith("model") for name in first.state_dict())


def test_agreement_is_the_length_of_the_mean_expectation(
    images_world: ImagesWorld, images_model: SeqJEPA, ensemble: PredictorEnsemble
):
    batch = images_world.rollout(4, 1, "uniform")
    plans = 0.3 * torch.randn(4, 5, 2, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        z = images_model.encode(batch.views)[:, 0]
        seen = Memory.begin(z, 3, 2).look_back(images_model)
        found = Agreement(ensemble)(imagine(images_model, seen, plans), batch.poses[:, None, None])
        for row in range(4):
            for plan in range(5):
                inputs = images_model.predictor_input(seen.aggregates[row : row + 1], plans[row, plan, :1])
                expected = [member(inputs)[0] for member in ensemble.members]
                mean = sum(vector / vector.norm() for vector in expected) / 3
                assert found[row, plan] == pytest.approx(mean.norm().item(), abs=1e-5)


def test_it_agrees_more_where_it_was_taught(images_world: ImagesWorld, images_model: SeqJEPA):
    """Taught saccades of a tenth of the picture alone, it does not know what longer ones lead to."""

    def nearby(episodes: Episodes) -> torch.Tensor:
        if episodes.step == 0:
            return images_world.policies["uniform"](episodes)
        aims = images_world.policies["uniform"](episodes)
        here = episodes.poses[:, -1]
        return here + 0.1 * torch.nn.functional.normalize(aims - here, dim=1)

    ensemble = PredictorEnsemble.fit(images_model, images_world, CONFIG, policy=nearby)
    batch = images_world.rollout(100, 1, "uniform", seed=10**6)
    directions = torch.nn.functional.normalize(torch.randn(100, 2, generator=torch.Generator().manual_seed(0)), dim=1)
    plans = torch.stack([0.1 * directions, 0.9 * directions], dim=1)[:, :, None]
    with torch.no_grad():
        seen = Memory.begin(images_model.encode(batch.views)[:, 0], 3, 2).look_back(images_model)
        near, far = Agreement(ensemble)(imagine(images_model, seen, plans), batch.poses[:, None, None]).mean(0)
    assert near > far


def test_what_does_not_fit_is_told(objects_world: ObjectsWorld, images_model: SeqJEPA):
    with pytest.raises(ValueError, match="actions of 2 numbers, the world 'objects' has 4"):
        PredictorEnsemble.fit(images_model, objects_world)
    with pytest.raises(ValueError, match="members=1 is out of range"):
        EnsembleConfig(members=1)
