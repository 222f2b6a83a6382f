"""Small worlds to play in, and a small model that is untrained, but whose normalisations fit."""

import sys
from pathlib import Path

import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.scripts.playing import insight
from saccadeworld.scripts.playing.eye import Setting
from saccadeworld.scripts.playing.insight import Insight
from saccadeworld.seqjepa import SeqJEPA

sys.path.append(str(Path(__file__).parent))  # where the tests of pages find their browser


def _model(world: World) -> SeqJEPA:
    torch.manual_seed(1)
    small = {"encoder_width": 8, "action_embedding_dim": 8, "heads": 2, "layers": 1}
    model = SeqJEPA(world.action_dim, "small", **small)
    with torch.no_grad():
        for _ in range(3):
            model.loss(world.rollout(16, 3, policy="uniform", seed=1))
    return model.eval()


def _fitted(world: World) -> Insight:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insight, "EPISODES", 60)
        return Insight.fit(_model(world), world)


@pytest.fixture(scope="session")
def images_insight(images_world: ImagesWorld) -> Insight:
    return _fitted(images_world)


@pytest.fixture(scope="session")
def objects_insight(objects_world: ObjectsWorld) -> Insight:
    return _fitted(objects_world)


@pytest.fixture
def images_setting(images_world: ImagesWorld) -> Setting:
    return Setting(images_world, dict(images_world.policies), 7)


@pytest.fixture
def objects_setting(objects_world: ObjectsWorld) -> Setting:
    return Setting(objects_world, dict(objects_world.policies), 7)
