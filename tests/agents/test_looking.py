import pytest
import torch
from saccadeworld.agents.looking import Looking
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA

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
