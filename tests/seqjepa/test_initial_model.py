import torch
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.initial_model import initial_model
from saccadeworld.seqjepa.training_config import TrainingConfig
from saccadeworld.seqjepa.view_statistics import view_statistics
from tiny import tiny_world


def test_weights_are_those_of_the_seed_and_statistics_those_of_the_policy():
    world = tiny_world(padding=128)
    options = {"encoder": "small", "encoder_width": 2, "action_embedding_dim": 4, "layers": 1}
    first, again, other = (
        initial_model("seq-jepa", world, TrainingConfig(policy="uniform", seed=seed), **options) for seed in (3, 3, 4)
    )
    torch.manual_seed(3)
    expected = SeqJEPA(world.action_dim, **options)
    for name, value in expected.state_dict().items():
        assert torch.equal(first.state_dict()[name], value)
        assert torch.equal(again.state_dict()[name], value)
    assert not torch.equal(first.encoder.conv1.weight, other.encoder.conv1.weight)
    assert (first.config.mean, first.config.std) == view_statistics(world, "uniform")
