"""Small models for the small worlds."""

from collections.abc import Callable

import pytest
import torch
from saccadeworld.envs.worlds import World
from saccadeworld.seqjepa import SeqJEPA


def _model(world: World, **options) -> SeqJEPA:
    torch.manual_seed(1)
    small = {"encoder_width": 8, "action_embedding_dim": 8, "heads": 2, "layers": 1}
    model = SeqJEPA(world.action_dim, "small", **small | options)
    with torch.no_grad():
        for _ in range(3):
            model.loss(world.rollout(16, 3, seed=1))
    return model.eval()


@pytest.fixture(scope="session")
def model_for() -> Callable[..., SeqJEPA]:
    """Makes a model for a world, untrained, but with running statistics that fit the world's views."""
    return _model


@pytest.fixture(scope="session")
def images_model(images_world: World) -> SeqJEPA:
    return _model(images_world)
