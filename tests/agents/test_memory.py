import torch
from saccadeworld.agents.memory import Memory
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA


def remember(model: SeqJEPA, world: ImagesWorld, length: int, size: int) -> Memory:
    batch = world.rollout(3, length)
    z = model.encode(batch.views)
    memory = Memory.begin(z[:, 0], size, world.action_dim)
    for step in range(1, length):
        memory = memory.after(batch.actions[:, step - 1], z[:, step])
    return memory


@torch.no_grad()
def test_its_aggregate_is_that_of_the_views_seen(images_world: ImagesWorld, images_model: SeqJEPA):
    batch = images_world.rollout(3, 4)
    z = images_model.encode(batch.views)
    for length in range(1, 5):
        memory = remember(images_model, images_world, length, size=4)
        expected = images_model.aggregate(z[:, :length], batch.actions[:, : length - 1])
        torch.testing.assert_close(memory.aggregate(images_model), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_oldest_views_are_forgotten(images_world: ImagesWorld, images_model: SeqJEPA):
    batch = images_world.rollout(3, 6)
    z = images_model.encode(batch.views)
    for size in (1, 3):
        memory = remember(images_model, images_world, 6, size)
        assert memory.counts.tolist() == [size] * 3
        expected = images_model.aggregate(z[:, -size:], batch.actions[:, 6 - size :])
        torch.testing.assert_close(memory.aggregate(images_model), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_rows_are_chosen_replaced_and_repeated(images_world: ImagesWorld, images_model: SeqJEPA):
    memory, begun = (remember(images_model, images_world, length, size=3) for length in (3, 1))
    index = torch.tensor([2, 0])
    mixed = memory.put(index, begun.select(index))
    assert mixed.counts.tolist() == [1, 3, 1]
    aggregates = mixed.aggregate(images_model)
    torch.testing.assert_close(aggregates[1], memory.aggregate(images_model)[1])
    torch.testing.assert_close(aggregates[index], begun.aggregate(images_model)[index])
    repeated = mixed.repeat(2).aggregate(images_model)
    torch.testing.assert_close(repeated, aggregates.repeat_interleave(2, 0))


@torch.no_grad()
def test_a_memory_begun_anew_in_all_rows_is_as_a_fresh_one(images_world: ImagesWorld, images_model: SeqJEPA):
    old, fresh = (remember(images_model, images_world, length, size=4) for length in (4, 1))
    anew = old.put(torch.arange(3), fresh)
    assert torch.equal(anew.aggregate(images_model), fresh.aggregate(images_model))  # and not only nearly
    assert anew.longest == fresh.longest
