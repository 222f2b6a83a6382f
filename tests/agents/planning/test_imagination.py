"""What a model expects: held against its own maps, called one after the other."""

import pytest
import torch
from saccadeworld.agents.memory import Memory, Seen
from saccadeworld.agents.planning.imagination import imagine
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")


def seen_by(model: SeqJEPA, world: ImagesWorld, views: int, size: int) -> tuple[Seen, torch.Tensor, torch.Tensor]:
    """What three rows have seen, and the embeddings and actions it is made of."""
    batch = world.rollout(3, views)
    z = model.encode(batch.views)
    memory = Memory.begin(z[:, 0], size, 2)
    for step in range(1, views):
        memory = memory.after(batch.actions[:, step - 1], z[:, step])
    return memory.look_back(model), z, batch.actions


@torch.no_grad()
@pytest.mark.parametrize("views", [1, 3])
def test_predictions_are_fed_back(images_world: ImagesWorld, images_model: SeqJEPA, views: int):
    seen, z, actions = seen_by(images_model, images_world, views, size=8)
    plans = 0.3 * torch.randn(3, 4, 3, 2, generator=torch.Generator().manual_seed(0))
    imagined = imagine(images_model, seen, plans)
    length = z.norm(dim=-1).mean(1)
    for row in range(3):
        for plan in range(4):
            known, done = z[row : row + 1], actions[row : row + 1]
            for step in range(3):
                aggregate = images_model.aggregate(known, done)
                predicted = images_model.predict(aggregate, plans[row, plan, step][None])
                predicted = predicted / predicted.norm() * length[row]
                torch.testing.assert_close(imagined.z[row, plan, step], predicted[0], rtol=1e-3, atol=1e-4)
                known = torch.cat([known, predicted[:, None]], dim=1)
                done = torch.cat([done, plans[row, plan, step][None, None]], dim=1)
            after = imagined.memory.select(torch.tensor([row * 4 + plan]))
            expected = images_model.aggregate(known, done)
            torch.testing.assert_close(after.aggregate(images_model), expected, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_what_is_forgotten_is_forgotten_in_imagination_too(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, z, actions = seen_by(images_model, images_world, 3, size=2)
    imagined = imagine(images_model, seen, torch.zeros(3, 1, 2, 2))
    assert imagined.memory.counts.tolist() == [2, 2, 2]
    aggregate = images_model.aggregate(z[:, 1:], actions[:, 1:])
    torch.testing.assert_close(seen.aggregates, aggregate, rtol=1e-3, atol=1e-4)
    first = images_model.predict(aggregate, torch.zeros(3, 2))
    cosine = torch.nn.functional.cosine_similarity(imagined.z[:, 0, 0], first)
    torch.testing.assert_close(cosine, torch.ones(3), rtol=0, atol=1e-4)
