from typing import Any

import pytest
import torch
from saccadeworld.agents.belief import ClassBelief
from saccadeworld.agents.looking import Looking
from saccadeworld.agents.planning.ensemble import PredictorEnsemble
from saccadeworld.agents.planning.expected_evidence import ExpectedEvidence
from saccadeworld.agents.planning.horizon import HorizonConfig, horizon_errors
from saccadeworld.agents.planning.policies import PlanningPolicy
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.worlds import ImagesWorld, World
from saccadeworld.seqjepa import SeqJEPA, make_baseline

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_sees_what_rollouts_show(images_world: ImagesWorld, images_model: SeqJEPA, monkeypatch: pytest.MonkeyPatch):
    encode, counts = images_model.encode, []

    def counting(views: torch.Tensor) -> torch.Tensor:
        counts.append(views.shape[:2].numel())
        return encode(views)

    seeds = torch.arange(5)
    batch = images_world.rollout(5, 4, "uniform")
    with torch.no_grad():
        z = images_model.encode(batch.views)
        expected = [images_model.aggregate(z[:, :m], batch.actions[:, : m - 1]) for m in range(1, 5)]
    monkeypatch.setattr(images_model, "encode", counting)
    episodes, looking = Episodes(images_world, seeds, images_world.draw_scenes(seeds)), Looking(images_model)
    for step in range(4):
        episodes.append(images_world.policies["uniform"](episodes))
        if step != 1:  # who does not look at once looks at all there was since
            seen = looking(episodes)
            assert looking(episodes).aggregates.shape == seen.aggregates.shape
            torch.testing.assert_close(seen.aggregates, expected[step], rtol=1e-4, atol=1e-5)
            assert seen.memory.counts.tolist() == [step + 1] * 5
    assert counts == [5, 10, 5]


def test_what_does_not_fit_is_told(images_model: SeqJEPA, objects_world: World):
    with pytest.raises(TypeError, match="by the aggregates of seq-JEPA, and a SimCLR has none"):
        Looking(make_baseline("simclr", 2, "small", encoder_width=8))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="memory=0 is out of range"):
        Looking(images_model, 0)
    with pytest.raises(ValueError, match="actions of 2 numbers, the world 'objects' has 4"):
        objects_world.rollout(2, 2, PlanningPolicy.to_explore(images_model))
    with pytest.raises(TypeError, match=r"objective=None: give an Objective, such as Familiarity\(\)"):
        PlanningPolicy(images_model, None)  # pyright: ignore[reportArgumentType]


def test_what_is_fitted_on_aggregates_needs_them(images_world: ImagesWorld):
    baseline: Any = make_baseline("simclr", 2, "small", encoder_width=8)
    for fit in (
        lambda: ClassBelief.fit(baseline, images_world, 2, episodes=20),
        lambda: PredictorEnsemble.fit(baseline, images_world),
        lambda: ExpectedEvidence.fit(baseline, images_world, "uniform"),
        lambda: horizon_errors(baseline, images_world, HorizonConfig()),
    ):
        with pytest.raises(TypeError, match="by the aggregates of seq-JEPA, and a SimCLR has none"):
            fit()
