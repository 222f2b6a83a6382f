import pytest
import torch
from saccadeworld.agents.planning.horizon import HorizonConfig, horizon_errors
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.episode_seeds import first_of_repeat
from saccadeworld.seqjepa.features import spread_scenes
from torch.nn.functional import cosine_similarity

pytestmark = pytest.mark.usefixtures("one_thread")


@torch.no_grad()
@pytest.mark.parametrize("observed", [1, 3])
def test_errors_are_those_of_predictions_made_one_by_one(
    images_world: ImagesWorld, images_model: SeqJEPA, observed: int
):
    config = HorizonConfig(observed=observed, horizon=2, episodes=300, policy="uniform", seed=2)
    found = horizon_errors(images_model, images_world, config)
    scenes, first = spread_scenes(images_world, 300), first_of_repeat("testing", 2, 0)
    batch = images_world.rollout(None, observed + 2, "uniform", first, scenes)
    z, actions = images_model.encode(batch.views), batch.actions
    known, expected = z[:, :observed], {"imagined": [], "told": [], "unchanged": []}
    length = known.norm(dim=-1).mean(1, keepdim=True)
    for step in range(observed, observed + 2):
        guess = images_model.predict(images_model.aggregate(known, actions[:, : step - 1]), actions[:, step - 1])
        told = images_model.predict(images_model.aggregate(z[:, :step], actions[:, : step - 1]), actions[:, step - 1])
        for name, value in (("imagined", guess), ("told", told), ("unchanged", z[:, observed - 1])):
            expected[name].append(1 - cosine_similarity(value, z[:, step]).mean().item())
        known = torch.cat([known, (guess / guess.norm(dim=1, keepdim=True) * length)[:, None]], dim=1)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, abs=1e-3)
    assert found["imagined"][0] == pytest.approx(found["told"][0], abs=1e-5)


def test_a_bad_configuration():
    with pytest.raises(ValueError, match="observed=0 is out of range"):
        HorizonConfig(observed=0)
    with pytest.raises(ValueError, match="episodes=1 is out of range"):
        HorizonConfig(episodes=1)
